public import Reactor

/// How connections to one endpoint are made. Immutable, with an identity: handles set up for one are reused for it, until it
/// is released.
public final class ConnectionOptions: Sendable {
    public struct Timeouts: Sendable, Hashable {
        /// Name look-up, TCP and TLS.
        public var connect: Duration = .seconds(10)
        /// From the end of the request to the first byte of the answer.
        public var firstByte: Duration = .seconds(60)
        /// Without a single byte in either direction while some should flow.
        public var stall: Duration = .seconds(30)
        /// After which a small request without an answer is given up if one sent later was answered: its connection is
        /// forgotten, or ends in a hole. Doubled for each further attempt of the request; never beyond `firstByte`.
        public var overtaken: Duration = .seconds(5)

        public init() {}
    }

    public struct TLS: Sendable, Hashable {
        /// PEM bundle that replaces the system's authorities.
        public var authorityFile: String?
        /// PEM certificate (chain) and key that this client shows.
        public var certificateFile: String?
        public var keyFile: String?
        /// False only where the user said `--insecure`.
        public var verifies = true

        public init() {}
    }

    public let timeouts: Timeouts
    public let tls: TLS
    /// Bytes per second for all transfers together; nil is unlimited.
    public let uploadLimit: RateLimit?
    public let downloadLimit: RateLimit?
    let footprint = Footprint()

    public init(
        timeouts: Timeouts = Timeouts(), tls: TLS = TLS(), uploadLimit: RateLimit? = nil,
        downloadLimit: RateLimit? = nil
    ) {
        self.timeouts = timeouts
        self.tls = tls
        self.uploadLimit = uploadLimit
        self.downloadLimit = downloadLimit
    }
}
