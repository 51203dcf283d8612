import Configuration

/// What `config check` is asked to explain.
struct ConfigCheckOptions: Hashable, Sendable {
    var json = false
    var configurationFile: String?

    static let command = Command<ConfigCheckOptions>(
        name: "config check", summary: "explain what was understood of the configuration, secrets masked", forms: [""],
        details: [
            "Shows each server with the source that defines it (MC_HOST_<alias>, the configuration file, mc's own file), "
                + "each mirror with its options, and what is wrong or unwise. Asks no server."
        ],
        groups: [
            Command<ConfigCheckOptions>.Group(
                title: "Options",
                flags: [
                    .text("config", "FILE", "Configuration (default \(ConfigurationFile.defaultPath))") {
                        $0.configurationFile = $1
                    },
                    .toggle("json", "One JSON object") { $0.json = $1 },
                ])
        ])

    init() {}

    init(_ reading: Command<ConfigCheckOptions>.Reading) throws(UsageError) {
        if let extra = reading.positionals.first {
            throw UsageError("config check takes no \"\(extra)\"; name another file with --config FILE.")
        }
        try Self.command.apply(reading.uses, to: &self)
    }
}
