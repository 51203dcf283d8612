import Runtime

/// A mapping of the YAML file, read by name, with errors that name the file, the line and the key.
struct ConfigurationSection {
    let file: String
    /// The key that the mapping stands under.
    let name: String
    let line: Int
    private let pairs: [(key: YAMLNode, value: YAMLNode)]

    init(_ node: YAMLNode, file: String, _ name: String) throws(ConfigurationError) {
        self.file = file
        self.name = name
        line = node.line
        switch node.content {
        case .mapping(let pairs): self.pairs = pairs
        case .scalar(_, isNull: true): pairs = []
        default:
            throw ConfigurationError(
                "Cannot understand the configuration file \(file), line \(node.line)",
                why: "\(name) is not a list of names with values", advice: "write it as \"name: value\" lines")
        }
    }

    /// Every key with its value and line, in the file's order.
    var entries: [(key: String, value: YAMLNode)] {
        pairs.map { pair in
            guard case .scalar(let key, _) = pair.key.content else { return ("", pair.value) }
            return (key, YAMLNode(content: pair.value.content, line: pair.key.line))
        }
    }

    private func node(_ key: String) -> YAMLNode? {
        entries.first { $0.key == key }?.value
    }

    /// Refuses keys that are not in `known`, with the nearest that is.
    func expectKeys(_ known: [String]) throws(ConfigurationError) {
        for (key, value) in entries where !known.contains(key) {
            let advice =
                Spelling.nearest(to: key, among: known).map { "did you mean \"\($0)\"" }
                ?? "the keys are " + known.sorted().joined(separator: ", ")
            throw ConfigurationError(
                "Unknown key \"\(key)\" in \(name) (\(file), line \(value.line))", why: "nothing would read it",
                advice: advice)
        }
    }

    /// The mappings under `key`, each named by its own key.
    func sections(_ key: String, of kind: String) throws(ConfigurationError) -> [ConfigurationSection] {
        guard let node = node(key) else { return [] }
        var sections: [ConfigurationSection] = []
        for (name, value) in try ConfigurationSection(node, file: file, key).entries {
            guard Place.isAlias(name) else {
                throw error(
                    value.line, "the \(kind) name \"\(name)\" has other characters than letters, digits, - and _",
                    "begin it with a letter")
            }
            sections.append(try ConfigurationSection(value, file: file, name))
        }
        return sections
    }

    /// The scalar under `key`; nil if the key is absent.
    func text(_ key: String) throws(ConfigurationError) -> String? {
        guard let node = node(key) else { return nil }
        return try scalar(node, key)
    }

    func requiredText(_ key: String) throws(ConfigurationError) -> String {
        if let text = try text(key) { return text }
        throw error(line, "\(name) has no \"\(key)\"", "add \"\(key): …\"")
    }

    /// The text of a node that must be a single, non-empty value.
    func scalar(_ node: YAMLNode, _ key: String) throws(ConfigurationError) -> String {
        guard case .scalar(let text, let isNull) = node.content else {
            throw error(node.line, "\"\(key)\" of \(name) takes one value", "write \"\(key): value\"")
        }
        if isNull || text.isEmpty {
            throw error(node.line, "\"\(key)\" of \(name) has no value", "write one or remove the line")
        }
        return text
    }

    /// `true`/`false`, as YAML 1.1 and 1.2 write them; nil if the key is absent.
    func flag(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let text = try text(key) else { return nil }
        if let flag = Self.boolean(text) { return flag }
        throw error(lineOf(key), "\"\(key)\" of \(name) is neither true nor false", "write one of them")
    }

    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    func lineOf(_ key: String) -> Int { node(key)?.line ?? line }

    /// A path of the file, relative ones against the file's folder.
    func resolve(_ path: String) -> String {
        if path.utf8.first == UInt8(ascii: "/") { return path }
        guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return "\(file[...slash])\(path)"
    }

    func error(_ line: Int, _ why: String, _ advice: String) -> ConfigurationError {
        ConfigurationError(
            "Cannot understand the configuration file \(file), line \(line)", why: why, advice: advice)
    }
}
