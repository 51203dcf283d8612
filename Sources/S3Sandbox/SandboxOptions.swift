extension Sandbox {
    /// How a server is started. The defaults are those of a test: memory, a free port, the AWS documentation's keys.
    public struct Options: Sendable {
        public enum Storage: Sendable {
            case memory
            /// A folder, made where missing, that outlives the server.
            case folder(String)
            /// Objects by formula, to be listed and read. Whoever asks is served: signatures are not looked at.
            case synthetic(SyntheticObjects)
            /// Any other table.
            case table(any ObjectTable)
        }

        /// IPv4 or IPv6, no name.
        public var address = "127.0.0.1"
        /// 0 for any free one.
        public var port = 0
        public var storage = Storage.memory
        public var accessKey = "AKIAIOSFODNN7EXAMPLE"
        public var secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        /// Required of every request if given.
        public var sessionToken: String?
        /// The region that signatures must name; empty for any.
        public var region = "us-east-1"
        /// Whether requests without a signature are refused.
        public var requiresSignature = true
        /// Created at start where missing. Synthetic objects are in each of them, or in `synthetic` if there is none.
        public var buckets: [String] = []
        /// Whether every bucket keeps versions.
        public var isVersioned = false
        /// `BUCKET.DOMAIN` in `Host` names the bucket, besides path style.
        public var domain: String?
        /// PEM files; both or none.
        public var tlsCertificate: String?
        public var tlsKey: String?
        /// A file that gets one JSON line for each request.
        public var requestLog: String?
        /// Whether memory keeps a record of each request; counts are kept in any case.
        public var keepsRecords = true
        public var behaviour = Behaviour()
        public var faults: [FaultRule] = []

        public init() {}
    }
}
