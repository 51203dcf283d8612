import Runtime

/// The YAML file: servers, mirrors, and where state is kept.
///
/// ```yaml
/// servers:
///   main:
///     url: https://main.example.com:9000
///     access_key: AKIAIOSFODNN7EXAMPLE
///     secret_key_file: main-secret
/// mirrors:
///   apks:
///     source: main/apks
///     target: standby/apks
///     remove: true
///     exclude: ["*.tmp", "incoming/*"]
/// state: /var/lib/minio-sync/state.db
/// ```
public struct ConfigurationFile: Sendable {
    /// Where the file is looked for when no other is named.
    public static let defaultPath = "/etc/minio-sync/minio-sync.yaml"

    /// The file that was read; nil if there is none.
    public let path: String?
    /// In the file's order.
    public let mirrors: [MirrorDefinition]
    /// `state:`, relative to the file's folder where it was written so.
    public let state: String?
    /// In the file's order.
    let servers: [ServerEntry]
    /// Whether secrets stand in the file itself and every user of the machine may read it.
    let exposesSecrets: Bool
    /// Whether the default file is there and cannot be read.
    public let isUnreadable: Bool

    /// No file: no servers, no mirrors.
    public static let none = ConfigurationFile(path: nil, mirrors: [], state: nil, servers: [], exposesSecrets: false)

    /// The default file is there and this user may not read it: as if it were not, but for what errors say.
    private static let unreadable = ConfigurationFile(
        path: nil, mirrors: [], state: nil, servers: [], exposesSecrets: false, isUnreadable: true)

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - path: the file; nil for the default one, which need not exist.
    ///   - mirrorFlags: the names, without `--`, of the options that a mirror may have.
    /// - Throws: `ConfigurationError` for a file that is missing, unreadable, not YAML, or says what cannot be meant.
    ///   Files that hold a server's secret are not read yet.
    public static func load(
        path: String?, environment: Environment, mirrorFlags: [String]
    ) throws(ConfigurationError) -> ConfigurationFile {
        let name = path ?? defaultPath
        let file: Environment.File
        do throws(Environment.Unreadable) {
            guard let found = try environment.readFile(name) else {
                if path == nil { return none }
                throw Environment.Unreadable("there is no such file")
            }
            file = found
        } catch {
            // The service's file belongs to root: it must not stand in the way of other users' commands.
            if path == nil { return unreadable }
            throw ConfigurationError(
                "Cannot read the configuration file \(name)", why: error.description,
                advice:
                    "correct the path given with \(ProgramWords.configurationFile.spelled) or the file's permissions")
        }
        let root: YAMLNode?
        do throws(YAMLNode.Malformed) {
            root = try YAMLNode.parse(file.bytes)
        } catch {
            throw ConfigurationError(
                "Cannot understand the configuration file \(name), line \(error.line)", why: error.why,
                advice: "correct the line")
        }
        guard let root else {
            return ConfigurationFile(path: name, mirrors: [], state: nil, servers: [], exposesSecrets: false)
        }
        return try ConfigurationFile(name, file, ConfigurationSection(root, file: name, "the file"), mirrorFlags)
    }

    private init(
        path: String?, mirrors: [MirrorDefinition], state: String?, servers: [ServerEntry], exposesSecrets: Bool,
        isUnreadable: Bool = false
    ) {
        self.path = path
        self.mirrors = mirrors
        self.state = state
        self.servers = servers
        self.exposesSecrets = exposesSecrets
        self.isUnreadable = isUnreadable
    }

    private init(
        _ path: String, _ file: Environment.File, _ root: ConfigurationSection, _ mirrorFlags: [String]
    ) throws(ConfigurationError) {
        try root.expectKeys(["servers", "mirrors", "state"])
        var servers: [ServerEntry] = []
        for section in try root.sections("servers", of: "server") { servers.append(try ServerEntry(section)) }
        var mirrors: [MirrorDefinition] = []
        for section in try root.sections("mirrors", of: "mirror") {
            mirrors.append(try MirrorDefinition(section, flags: mirrorFlags))
        }
        self.init(
            path: path, mirrors: mirrors, state: try root.text("state").map(root.resolve), servers: servers,
            exposesSecrets: file.isWorldReadable && servers.contains { $0.holdsSecrets })
    }

    /// The mirror of this name.
    ///
    /// - Throws: `ConfigurationError` that names what there is.
    public func mirror(named name: String) throws(ConfigurationError) -> MirrorDefinition {
        if let found = mirrors.first(where: { $0.name == name }) { return found }
        guard let path else {
            throw ConfigurationError(
                "There is no mirror \"\(name)\"",
                why: isUnreadable
                    ? "the configuration file \(Self.defaultPath) cannot be read by this user"
                    : "no configuration file was found at \(Self.defaultPath)",
                advice: "name one with \(ProgramWords.configurationFile.spelled), or give SOURCE and TARGET")
        }
        throw ConfigurationError(
            "There is no mirror \"\(name)\"", why: "\(path) does not define it",
            advice: Advice.names(mirrors.map(\.name), for: name, plural: "mirrors"))
    }
}
