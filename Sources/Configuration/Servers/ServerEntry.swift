/// One entry of `servers:` as written; its secrets are fetched when the server is used.
struct ServerEntry: Sendable {
    /// Where a secret is.
    enum SecretSource: Sendable {
        case inline(SecretText)
        /// A path. A relative one means systemd's credential of that name (`LoadCredential=`) where there is one,
        /// otherwise a file against the configuration's folder.
        case file(String, inFolderOfConfiguration: String)
        case variable(String)
    }

    let name: String
    let file: String
    let line: Int
    private let endpoint: ServerAddress
    private let accessKey: SecretSource?
    private let secretKey: SecretSource?
    private let sessionToken: SecretSource?
    private let region: String?
    private let pathStyle: ServerDefinition.PathStyle
    private let caFile: String?
    private let clientCertificate: String?
    private let clientKey: String?
    private let insecure: Bool

    private static let keys = [
        "url", "region", "path_style", "ca_file", "client_certificate", "client_key", "insecure",
        "access_key", "access_key_file", "access_key_env", "secret_key", "secret_key_file", "secret_key_env",
        "session_token", "session_token_file", "session_token_env",
    ]

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.expectKeys(Self.keys)
        (name, file, line) = (section.name, section.file, section.line)
        let url = try section.requiredText("url")
        do throws(ServerAddress.Malformed) {
            endpoint = try ServerAddress(url)
        } catch {
            throw section.error(
                section.lineOf("url"), "the url of \(section.name) cannot be used, \(error)",
                "write https://host:port and give keys as access_key and secret_key")
        }
        accessKey = try Self.secret("access_key", section)
        secretKey = try Self.secret("secret_key", section)
        sessionToken = try Self.secret("session_token", section)
        if (accessKey == nil) != (secretKey == nil) {
            throw section.error(
                section.line, "\(section.name) has one of access_key and secret_key",
                "give both, or none for anonymous requests")
        }
        if sessionToken != nil, accessKey == nil {
            throw section.error(
                section.line, "\(section.name) has a session_token without keys", "give access_key and secret_key")
        }
        region = try section.text("region")
        pathStyle = try Self.pathStyle(section)
        caFile = try section.text("ca_file").map(section.resolve)
        clientCertificate = try section.text("client_certificate").map(section.resolve)
        clientKey = try section.text("client_key").map(section.resolve)
        if clientCertificate == nil, clientKey != nil {
            throw section.error(
                section.line, "\(section.name) has a client_key without client_certificate", "give both")
        }
        insecure = try section.flag("insecure") ?? false
    }

    /// Whether a secret stands in the file itself.
    var holdsSecrets: Bool {
        [secretKey, sessionToken].contains { if case .inline? = $0 { true } else { false } }
    }

    /// The server with its secrets fetched.
    func definition(in environment: Environment) throws(ConfigurationError) -> ServerDefinition {
        var keys: ServerDefinition.Keys?
        if let accessKey = try fetch(accessKey, "access_key", environment),
            let secretKey = try fetch(secretKey, "secret_key", environment)
        {
            keys = ServerDefinition.Keys(
                accessKey: accessKey.exposed, secretKey: secretKey,
                sessionToken: try fetch(sessionToken, "session_token", environment))
        }
        return ServerDefinition(
            name: name, endpoint: endpoint, keys: keys, region: region, pathStyle: pathStyle, caFile: caFile,
            clientCertificate: clientCertificate, clientKey: clientKey, insecure: insecure,
            origin: .configurationFile(path: file, line: line))
    }

    private static func secret(_ key: String, _ section: ConfigurationSection) throws(ConfigurationError)
        -> SecretSource?
    {
        let inline = try section.text(key)
        let file = try section.text("\(key)_file")
        let variable = try section.text("\(key)_env")
        if [inline, file, variable].count(where: { $0 != nil }) > 1 {
            throw section.error(
                section.line, "\(section.name) gives its \(key) in more than one way",
                "keep one of \(key), \(key)_file and \(key)_env")
        }
        if let inline { return .inline(SecretText(inline)) }
        if let file { return .file(file, inFolderOfConfiguration: section.resolve(file)) }
        return variable.map { .variable($0) }
    }

    private static func pathStyle(_ section: ConfigurationSection) throws(ConfigurationError)
        -> ServerDefinition.PathStyle
    {
        guard let text = try section.text("path_style") else { return .auto }
        if text == "auto" { return .auto }
        if let flag = ConfigurationSection.boolean(text) { return flag ? .on : .off }
        throw section.error(
            section.lineOf("path_style"), "path_style of \(section.name) is none of auto, on and off",
            "write one of them")
    }

    private func fetch(
        _ source: SecretSource?, _ key: String, _ environment: Environment
    ) throws(ConfigurationError) -> SecretText? {
        switch source {
        case nil: return nil
        case .inline(let secret): return secret
        case .variable(let variable):
            if let value = environment.value(variable) { return SecretText(value) }
            throw ConfigurationError(
                "The \(key) of server \(name) is missing (\(file), line \(line))",
                why: "the environment variable \(variable) is not set", advice: "set it, or correct \(key)_env")
        case .file(let written, let resolved):
            guard written.utf8.first != UInt8(ascii: "/"), let folder = environment.value("CREDENTIALS_DIRECTORY")
            else { return try read([resolved], key, environment) }
            // A credential's name has no slash: loaded with its folder, `credentials/main` is `credentials_main`.
            let credential = String(written.map { $0 == "/" ? "_" : $0 })
            return try read(["\(folder)/\(credential)", resolved], key, environment)
        }
    }

    /// The secret in the first of these files that exists.
    private func read(
        _ paths: [String], _ key: String, _ environment: Environment
    ) throws(ConfigurationError) -> SecretText {
        var path = ""
        do throws(Environment.Unreadable) {
            var found: Environment.File?
            for candidate in paths where found == nil {
                path = candidate
                found = try environment.readFile(candidate)
            }
            guard let file = found else { throw Environment.Unreadable("there is no such file") }
            var bytes = file.bytes[...]
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            if bytes.isEmpty { throw Environment.Unreadable("it is empty") }
            if bytes.contains(where: { $0 < 0x20 }) { throw Environment.Unreadable("it holds more than one line") }
            return SecretText(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ConfigurationError(
                "Cannot read the \(key) of server \(name) from \(path)", why: error.description,
                advice: (paths.count > 1 ? "restart the service if the file is new, or " : "")
                    + "correct \(key)_file (\(file), line \(line)) or the file")
        }
    }
}
