/// One entry of `mirrors:`: a job with its options as the command line would have them.
public struct MirrorDefinition: Hashable, Sendable {
    /// One option; a list becomes one option per value, where it stands in the file.
    public struct Option: Hashable, Sendable {
        /// The name of the flag without `--`, such as `max-workers`.
        public let flag: String
        /// As written; `true` or `false` for flags that take no value.
        public let value: String
        /// Where in the file, from 1.
        public let line: Int

        public init(flag: String, value: String, line: Int) {
            self.flag = flag
            self.value = value
            self.line = line
        }
    }

    public let name: String
    public let source: String
    public let target: String
    /// In the file's order, which decides between `include` and `exclude`.
    public let options: [Option]
    /// The file and line, for errors.
    public let file: String
    public let line: Int

    public init(name: String, source: String, target: String, options: [Option], file: String, line: Int) {
        self.name = name
        self.source = source
        self.target = target
        self.options = options
        self.file = file
        self.line = line
    }

    init(_ section: ConfigurationSection, flags: [String]) throws(ConfigurationError) {
        try section.expectKeys(["source", "target"] + flags)
        var options: [Option] = []
        for (key, value) in section.entries where key != "source" && key != "target" {
            if case .sequence(let items) = value.content {
                for item in items {
                    options.append(Option(flag: key, value: try section.scalar(item, key), line: item.line))
                }
            } else {
                options.append(Option(flag: key, value: try section.scalar(value, key), line: value.line))
            }
        }
        self.init(
            name: section.name, source: try section.requiredText("source"),
            target: try section.requiredText("target"), options: options, file: section.file, line: section.line)
    }
}
