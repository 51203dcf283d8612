/// Finds servers by alias or URL.
///
/// An alias is looked up in `MC_HOST_<alias>`, then in `servers:` of the configuration file, then in mc's own file; the
/// first that has it counts. Each is read only when it is asked for, so that a broken entry troubles nobody who does
/// not use it.
public struct ServerDirectory: Sendable {
    let file: ConfigurationFile
    let environment: Environment

    public init(file: ConfigurationFile, environment: Environment) {
        self.file = file
        self.environment = environment
    }

    /// The server of a place; nil for a local folder.
    ///
    /// - Throws: `ConfigurationError` for an unknown alias, and for a definition or a secret that cannot be used.
    public func server(for place: Place) throws(ConfigurationError) -> ServerDefinition? {
        switch place.location {
        case .folder: return nil
        case .alias(let alias): return try server(alias: alias)
        case .endpoint(let endpoint): return try server(at: endpoint)
        }
    }

    /// A server without an alias, with AWS's keys.
    func server(at endpoint: ServerAddress) throws(ConfigurationError) -> ServerDefinition {
        let settings = try AWSSettings.load(environment)
        return ServerDefinition(
            name: endpoint.description, endpoint: endpoint, keys: settings.keys, region: settings.region,
            origin: .url(keys: settings.source))
    }

    /// The server that `alias` names.
    public func server(alias: String) throws(ConfigurationError) -> ServerDefinition {
        if let value = environment.value(MCHostVariable.prefix + alias) {
            return try MCHostVariable.parse(value, alias: alias)
        }
        if let entry = file.servers.first(where: { $0.name == alias }) {
            return try entry.definition(in: environment)
        }
        let mcFile = try MCFile.load(environment)
        if let server = try mcFile?.server(alias: alias) { return server }
        let known = aliasesInEnvironment + file.servers.map(\.name) + (mcFile?.names ?? [])
        throw ConfigurationError(
            "There is no server \"\(alias)\"",
            why: file.isUnreadable
                ? "neither MC_HOST_\(alias) nor mc's file defines it, and \(ConfigurationFile.defaultPath) cannot be read "
                    + "by this user"
                : "neither MC_HOST_\(alias), the configuration file nor mc's file defines it",
            advice: known.isEmpty
                ? "set MC_HOST_\(alias)=https://ACCESSKEY:SECRETKEY@host:port, or write ./\(alias) for a local folder"
                : Advice.names(known, for: alias, plural: "servers"))
    }

    /// The aliases that the environment defines, sorted.
    var aliasesInEnvironment: [String] {
        environment.variables.keys.filter { $0.hasPrefix(MCHostVariable.prefix) && environment.value($0) != nil }
            .map { String($0.dropFirst(MCHostVariable.prefix.count)) }.sorted()
    }
}
