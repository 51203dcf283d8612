/// How a server is reached and who asks.
public struct ServerDefinition: Hashable, Sendable {
    /// Whether a bucket is named in the path or in the host name.
    public enum PathStyle: String, Hashable, Sendable, CaseIterable {
        /// Virtual-host style where the host is Amazon's, path style elsewhere.
        case auto
        case on
        case off
    }

    /// Who asks. Both parts are always there; without credentials requests are anonymous.
    public struct Keys: Hashable, Sendable {
        public var accessKey: String
        public var secretKey: SecretText
        public var sessionToken: SecretText?

        public init(accessKey: String, secretKey: SecretText, sessionToken: SecretText? = nil) {
            self.accessKey = accessKey
            self.secretKey = secretKey
            self.sessionToken = sessionToken
        }

        /// The first four characters and an ellipsis; nothing of a key so short that this would tell most of it.
        public var maskedAccessKey: String {
            accessKey.count > 8 ? "\(accessKey.prefix(4))…" : "••••"
        }
    }

    /// Where a definition came from.
    public enum Origin: Hashable, Sendable, CustomStringConvertible {
        /// `MC_HOST_<alias>`; the variable's name.
        case environment(String)
        /// `servers:` in the configuration file.
        case configurationFile(path: String, line: Int)
        /// mc's own file.
        case mcFile(String)
        /// A URL without an alias; where its keys came from.
        case url(keys: String)

        public var description: String {
            switch self {
            case .environment(let name): "environment variable \(name)"
            case .configurationFile(let path, let line): "\(path), line \(line)"
            case .mcFile(let path): path
            case .url(let keys): keys
            }
        }
    }

    /// The alias, or the endpoint's URL.
    public var name: String
    public var endpoint: ServerAddress
    /// Nil: requests are anonymous.
    public var keys: Keys?
    public var region: String?
    public var pathStyle: PathStyle
    /// Paths of PEM files.
    public var caFile: String?
    public var clientCertificate: String?
    public var clientKey: String?
    /// Whether the server's certificate is taken unchecked.
    public var insecure: Bool
    public var origin: Origin

    public init(
        name: String, endpoint: ServerAddress, keys: Keys? = nil, region: String? = nil, pathStyle: PathStyle = .auto,
        caFile: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil, insecure: Bool = false,
        origin: Origin
    ) {
        self.name = name
        self.endpoint = endpoint
        self.keys = keys
        self.region = region
        self.pathStyle = pathStyle
        self.caFile = caFile
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.insecure = insecure
        self.origin = origin
    }
}
