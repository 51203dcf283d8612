import FoundationEssentials

/// mc's own configuration, `config.json`: version 10 (`aliases`) and the older ones (`hosts`).
struct MCFile {
    let path: String
    private let aliases: [String: Alias]
    /// Whether every user of the machine may read the secrets in it.
    let isWorldReadable: Bool

    private struct Document: Decodable {
        var aliases: [String: Alias]?
        var hosts: [String: Alias]?
    }

    private struct Alias: Decodable {
        var url: String?
        var accessKey: String?
        var secretKey: String?
        var sessionToken: String?
        /// How buckets are named: `auto`, `on` or `off`; `lookup` in versions before 10.
        var path: String?
        var lookup: String?
    }

    /// Reads the file where mc has it: `$MC_CONFIG_DIR` or `~/.mc`. Nil if there is none.
    static func load(_ environment: Environment) throws(ConfigurationError) -> MCFile? {
        let folder = environment.value("MC_CONFIG_DIR") ?? environment.inHome(".mc")
        guard let path = folder.map({ "\($0)/config.json" }) else { return nil }
        do throws(Environment.Unreadable) {
            guard let file = try environment.readFile(path) else { return nil }
            return try MCFile(path, file)
        } catch {
            throw ConfigurationError(
                "Cannot use mc's configuration file \(path)", why: error.description,
                advice: "correct the file, or name the server in MC_HOST_<alias> or in the configuration file")
        }
    }

    private init(_ path: String, _ file: Environment.File) throws(Environment.Unreadable) {
        // The decoder's own words may quote the file, and with it a secret.
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(file.bytes)) else {
            throw Environment.Unreadable("it is not the JSON that mc writes")
        }
        self.path = path
        aliases = document.aliases ?? document.hosts ?? [:]
        isWorldReadable = file.isWorldReadable
    }

    var names: [String] { aliases.keys.sorted() }

    /// The server of this alias; nil if the file has none.
    func server(alias: String) throws(ConfigurationError) -> ServerDefinition? {
        guard let entry = aliases[alias] else { return nil }
        do throws(ServerAddress.Malformed) {
            return ServerDefinition(
                name: alias, endpoint: try ServerAddress(entry.url ?? ""), keys: try keys(entry),
                pathStyle: ServerDefinition.PathStyle(rawValue: (entry.path ?? entry.lookup ?? "").lowercased())
                    ?? .auto,
                origin: .mcFile(path))
        } catch {
            throw ConfigurationError(
                "The alias \(alias) of \(path) cannot be used", why: error.description,
                advice: "correct it with mc alias set \(alias) URL ACCESSKEY SECRETKEY")
        }
    }

    /// mc takes an alias with empty keys as anonymous.
    private func keys(_ entry: Alias) throws(ServerAddress.Malformed) -> ServerDefinition.Keys? {
        let access = entry.accessKey ?? ""
        let secret = entry.secretKey ?? ""
        if access.isEmpty, secret.isEmpty { return nil }
        if access.isEmpty || secret.isEmpty {
            throw ServerAddress.Malformed(description: "it has one of accessKey and secretKey")
        }
        let token = entry.sessionToken.flatMap { $0.isEmpty ? nil : SecretText($0) }
        return ServerDefinition.Keys(accessKey: access, secretKey: SecretText(secret), sessionToken: token)
    }
}
