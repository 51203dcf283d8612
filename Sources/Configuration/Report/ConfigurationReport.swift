/// What was understood of the configuration, for `minio-sync config check`. No secret is in it.
public struct ConfigurationReport: Sendable {
    /// A server, or why it cannot be used.
    struct Server: Sendable {
        /// The alias, or the URL of a server without one.
        var name: String
        var result: Result<ServerDefinition, ConfigurationError>
        /// Sources of the same alias that do not count.
        var shadowed: [String]
    }

    let file: ConfigurationFile
    let servers: [Server]
    /// Problems that leave everything usable.
    public let warnings: [String]
    /// Definitions that cannot be used.
    public let errors: [ConfigurationError]

    /// Reads everything there is. `checkMirror` says what is wrong with the options of a mirror, in the words of the
    /// command line's parser.
    public init(
        _ directory: ServerDirectory,
        checkMirror: (MirrorDefinition) throws(ConfigurationError) -> Void = { _ throws(ConfigurationError) in }
    ) {
        file = directory.file
        var errors: [ConfigurationError] = []
        var warnings: [String] = []
        var mcFile: MCFile?
        do throws(ConfigurationError) {
            mcFile = try MCFile.load(directory.environment)
        } catch {
            errors.append(error)
        }
        let secretFiles = [file.exposesSecrets ? file.path : nil, mcFile?.isWorldReadable == true ? mcFile?.path : nil]
        warnings += secretFiles.compactMap { $0 }.map {
            "\($0) holds secrets and every user of this machine can read it; run chmod o-r \($0)"
        }
        servers = Self.named(directory, mcFile) + Self.unnamed(directory)
        for server in servers {
            switch server.result {
            case .success(let definition): warnings += Self.warnings(definition)
            case .failure(let error): errors.append(error)
            }
        }
        for mirror in file.mirrors {
            do throws(ConfigurationError) {
                for text in [mirror.source, mirror.target] { _ = try directory.server(for: Place(text)) }
                try checkMirror(mirror)
            } catch {
                let isKnown = errors.contains(error)
                if !isKnown { errors.append(error) }
            }
        }
        self.errors = errors
        self.warnings = warnings
    }

    /// The servers that have an alias.
    private static func named(_ directory: ServerDirectory, _ mcFile: MCFile?) -> [Server] {
        var sources: [(alias: String, source: String)] = []
        sources += directory.aliasesInEnvironment.map { ($0, "environment variable \(MCHostVariable.prefix)\($0)") }
        sources += directory.file.servers.map { ($0.name, "\($0.file), line \($0.line)") }
        sources += (mcFile?.names ?? []).map { ($0, mcFile?.path ?? "") }
        return Set(sources.map(\.alias)).sorted().map { alias in
            let shadowed = sources.filter { $0.alias == alias }.map(\.source).dropFirst()
            return Server(
                name: alias, result: Result { () throws(ConfigurationError) in try directory.server(alias: alias) },
                shadowed: Array(shadowed))
        }
    }

    /// The servers that mirrors name by a URL.
    private static func unnamed(_ directory: ServerDirectory) -> [Server] {
        var seen: Set<ServerAddress> = []
        return directory.file.mirrors.flatMap { [$0.source, $0.target] }.compactMap { text in
            guard let place = try? Place(text), case .endpoint(let endpoint) = place.location,
                seen.insert(endpoint).inserted
            else { return nil }
            let result = Result { () throws(ConfigurationError) in try directory.server(at: endpoint) }
            return Server(name: endpoint.description, result: result, shadowed: [])
        }
    }

    private static func warnings(_ server: ServerDefinition) -> [String] {
        var warnings: [String] = []
        if server.endpoint.scheme == .http, !server.endpoint.isLoopback {
            warnings.append(
                "\(server.name): http:// sends objects unencrypted to \(server.endpoint.host); use https://")
        }
        if server.insecure {
            warnings.append(
                "\(server.name): insecure takes any certificate, so anyone on the way can read and change "
                    + "objects; give ca_file instead")
        }
        return warnings
    }
}
