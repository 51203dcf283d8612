import Runtime

/// A whole command line, understood.
enum Invocation: Hashable, Sendable {
    case mirror(MirrorArguments)
    case list(ListArguments)
    case audit(AuditArguments)
    case configCheck(ConfigCheckOptions)
    case control(ControlArguments)
    case version
    /// The text to print on standard output.
    case help(String)

    /// - Parameter arguments: without the program's own name.
    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        switch rest.popFirst() {
        case "mirror":
            let reading = try MirrorFlags.command.read(Array(rest))
            self = reading.wantsHelp ? .help(MirrorFlags.command.helpText) : .mirror(try MirrorArguments(reading))
        case "audit":
            let reading = try AuditFlags.command.read(Array(rest))
            self = reading.wantsHelp ? .help(AuditFlags.command.helpText) : .audit(try AuditArguments(reading))
        case "ls":
            let reading = try ListFlags.command.read(Array(rest))
            self = reading.wantsHelp ? .help(ListFlags.command.helpText) : .list(try ListArguments(reading))
        case "config":
            try self.init(config: rest)
        case let word? where ControlArguments.Action(rawValue: word) != nil:
            try self.init(control: ControlArguments.Action(rawValue: word) ?? .status, rest)
        case "--version": self = .version
        case "--help", "-h", "help":
            if rest.first?.hasPrefix("-") ?? true {
                self = .help(Self.helpText)
            } else {
                try self.init(Array(rest) + ["--help"])
            }
        case nil: throw UsageError("No command was given; minio-sync --help lists them.")
        case let word?:
            let advice =
                Spelling.nearest(to: word, among: Self.words).map { "did you mean \($0)?" }
                ?? "minio-sync --help lists them."
            throw UsageError("\"\(word)\" is no command of minio-sync; \(advice)")
        }
    }

    private init(config arguments: ArraySlice<String>) throws(UsageError) {
        var rest = arguments
        switch rest.popFirst() {
        case "check":
            let reading = try ConfigCheckOptions.command.read(Array(rest))
            self =
                reading.wantsHelp
                ? .help(ConfigCheckOptions.command.helpText) : .configCheck(try ConfigCheckOptions(reading))
        case "--help", "-h": self = .help(ConfigCheckOptions.command.helpText)
        case let word:
            throw UsageError("config has one command, check, not \"\(word ?? "")\"; write minio-sync config check.")
        }
    }

    private init(control action: ControlArguments.Action, _ arguments: ArraySlice<String>) throws(UsageError) {
        let command = ControlFlags.command(action)
        let reading = try command.read(Array(arguments))
        self = reading.wantsHelp ? .help(command.helpText) : .control(try ControlArguments(action, reading))
    }

    private static let words =
        ["mirror", "audit", "ls", "config"] + ControlArguments.Action.allCases.map(\.rawValue) + [
            "--version", "--help",
        ]

    private static var helpText: String {
        var commands = [
            (MirrorFlags.command.name, MirrorFlags.command.summary),
            (AuditFlags.command.name, AuditFlags.command.summary),
            (ListFlags.command.name, ListFlags.command.summary),
        ]
        for action in ControlArguments.Action.allCases {
            let command = ControlFlags.command(action)
            commands.append((command.name, command.summary))
        }
        commands.append((ConfigCheckOptions.command.name, ConfigCheckOptions.command.summary))
        var lines = [
            "minio-sync keeps a replica of an object store true.", "", "Usage:", "  minio-sync COMMAND [flags] …", "",
            "Commands:",
        ]
        for (name, summary) in commands { lines += HelpText.row(name, summary, column: 18) }
        lines += ["", "Flags:"] + HelpText.row("--version", "Show the version", column: 18)
        lines += HelpText.row("-h, --help", "Show this text, or a command's after its name", column: 18)
        return lines.joined(separator: "\n") + "\n"
    }
}
