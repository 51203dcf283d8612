import Configuration
import Runtime

/// A command as declared: what it is called, what it takes, and what its help says.
struct Command<Options>: Sendable {
    struct Group: Sendable {
        let title: String
        let flags: [Flag<Options>]
    }

    /// The words that select it, such as `config check`.
    let name: String
    /// One line without a full stop.
    let summary: String
    /// What follows the name on the command line, one element for each form.
    let forms: [String]
    /// Paragraphs that follow the forms in the help.
    let details: [String]
    let groups: [Group]
    /// Names of flags of which one place says one at most; the command line may contradict the configuration file.
    var contradictions: [(String, String)] = []

    var flags: [Flag<Options>] { groups.flatMap(\.flags) }

    /// What a command line says before it is applied.
    struct Reading: Hashable, Sendable {
        var positionals: [String] = []
        /// In the order given.
        var uses: [FlagUse] = []
        /// Whether `--help` or `-h` was there.
        var wantsHelp = false
    }

    /// Separates flags from positionals. Values follow their flag as `--flag value` or `--flag=value`; short flags may be
    /// joined (`-qa`); `--` ends the flags.
    func read(_ arguments: [String]) throws(UsageError) -> Reading {
        var reading = Reading()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                reading.positionals += rest
                break
            } else if argument == "--help" || argument == "-h" {
                reading.wantsHelp = true
            } else if argument.hasPrefix("--") {
                try readLong(argument, &rest, &reading)
            } else if argument.hasPrefix("-"), argument.utf8.count > 1 {
                for letter in argument.dropFirst() {
                    guard let flag = flags.first(where: { $0.short == letter }) else {
                        throw unknown(String(letter), written: "-\(letter)")
                    }
                    reading.uses.append(FlagUse(name: flag.name))
                }
            } else {
                reading.positionals.append(argument)
            }
        }
        return reading
    }

    private func readLong(
        _ argument: String, _ rest: inout ArraySlice<String>, _ reading: inout Reading
    ) throws(UsageError) {
        let body = argument.utf8.dropFirst(2)
        let end = body.firstIndex(of: UInt8(ascii: "=")) ?? body.endIndex
        let name = String(argument[body.startIndex..<end])
        var value = end == body.endIndex ? nil : String(argument[body.index(after: end)...])
        let isSeparate = value == nil
        guard let flag = flags.first(where: { $0.name == name }) else { throw unknown(name, written: "--\(name)") }
        switch flag.kind {
        case .toggle:
            if value != nil { throw UsageError("--\(name) takes no value; write --\(name) alone.") }
        case .value(let placeholder, _):
            // A forgotten value would swallow the next flag.
            if value == nil, let next = rest.first, !next.hasPrefix("--") {
                value = next
                rest.removeFirst()
            }
            if value == nil {
                throw UsageError(
                    "--\(name) needs a value; write --\(name) \(placeholder), or --\(name)=\(placeholder).")
            }
        }
        reading.uses.append(FlagUse(name: name, value: value, isSeparate: isSeparate && value != nil))
    }

    /// Sets what `uses`, all from one place, say in their order.
    func apply(_ uses: [FlagUse], to options: inout Options) throws(UsageError) {
        try refuseContradictions(uses)
        for use in uses {
            let written = use.origin.map { "\"\(use.name)\" (\($0))" } ?? "--\(use.name)"
            guard let flag = flags.first(where: { $0.name == use.name }) else {
                throw unknown(use.name, written: written)
            }
            switch flag.kind {
            case .toggle(let set):
                guard let isOn = use.value.map(Self.boolean) ?? true else {
                    throw UsageError("\(written) cannot be \"\(use.value ?? "")\"; write true or false.")
                }
                if let problem = set(&options, isOn) { throw UsageError("\(written) cannot be used: \(problem).") }
            case .value(_, let set):
                let value = use.value ?? ""
                guard let expected = set(&options, value) else { continue }
                if use.isSeparate, value.contains("/") {
                    // A forgotten value swallows the place that follows.
                    throw UsageError(
                        "\(written) lacks its value: \"\(value)\" follows it where \(expected) belongs; give it.")
                }
                throw UsageError("\(written) cannot be \"\(value)\"; give \(expected).")
            }
        }
    }

    private func refuseContradictions(_ uses: [FlagUse]) throws(UsageError) {
        for (one, other) in contradictions {
            let found = [one, other].compactMap { name in
                uses.first { $0.name == name && $0.value.flatMap(Self.boolean) != false }
            }
            guard found.count == 2 else { continue }
            let written = found.map { use in use.origin.map { "\"\(use.name)\" (\($0))" } ?? "--\(use.name)" }
            throw UsageError("\(written[0]) and \(written[1]) contradict each other; drop one of them.")
        }
    }

    private static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    private func unknown(_ name: String, written: String) -> UsageError {
        if let hint = MCFlags.hint(name) { return UsageError("\(written) is not known: \(hint).") }
        let advice =
            Spelling.nearest(to: name, among: flags.map(\.name)).map { "did you mean --\($0)?" }
            ?? "minio-sync \(self.name) --help lists the flags."
        return UsageError("\(written) is not a flag of minio-sync \(self.name); \(advice)")
    }
}

/// Flags of mc that this program has not, or not yet, and what to use instead.
enum MCFlags {
    static func hint(_ name: String) -> String? {
        switch name {
        case "monitoring-address": "monitoring is not there yet"
        case "fake": "use --dry-run"
        case "force": "replacing changed objects is the default"
        case "active-active", "multi-master": "a mirror goes one way; run one for each direction on separate prefixes"
        case "md5", "checksum": "every copy is proven without it"
        case "attr": "a copy has the headers and metadata of its source, and no others"
        case "exclude-bucket": "mirror the buckets that are meant one by one, each as SOURCE and TARGET of its own"
        case "exclude-storageclass", "exclude-storage-class": "--storage-class names the classes to take instead"
        case "disable-multipart": "parts are laid out as on the source, so that ETags stay equal"
        default: nil
        }
    }
}
