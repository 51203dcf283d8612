/// When something goes wrong, and what. A request that several rules match suffers all of them, in the order of the rules.
public struct FaultRule: Sendable {
    /// Shows in the request log.
    public var name: String
    public var match: Match
    public var action: FaultAction

    public init(_ name: String, _ match: Match = Match(), _ action: FaultAction) {
        self.name = name
        self.match = match
        self.action = action
    }

    /// Which requests. Everything that is given must hold.
    ///
    /// The numbers count the requests that fit the operation, method, bucket, key and query.
    public struct Match: Sendable {
        /// Empty for all.
        public var operations: [Operation]
        /// HTTP methods; empty for all.
        public var methods: [String]
        public var bucket: String?
        /// A glob over the key: `*` is any run of bytes, `?` one.
        public var key: String?
        /// Query items that must be there with these values.
        public var query: [String: String]
        /// Only this one, counted from 1.
        public var nth: Int?
        /// Every this many.
        public var every: Int?
        /// Not the first this many.
        public var after: Int
        /// 0 to 1, by a generator with `seed`.
        public var probability: Double?
        public var seed: UInt64
        /// At most this many hits.
        public var times: Int?

        public init(
            operations: [Operation] = [], methods: [String] = [], bucket: String? = nil, key: String? = nil,
            query: [String: String] = [:], nth: Int? = nil, every: Int? = nil, after: Int = 0,
            probability: Double? = nil, seed: UInt64 = 0, times: Int? = nil
        ) {
            self.operations = operations
            self.methods = methods
            self.bucket = bucket
            self.key = key
            self.query = query
            self.nth = nth
            self.every = every
            self.after = after
            self.probability = probability
            self.seed = seed
            self.times = times
        }

        /// The requests of one operation.
        public static func operation(
            _ operation: Operation, key: String? = nil, nth: Int? = nil, times: Int? = nil
        ) -> Match {
            Match(operations: [operation], key: key, nth: nth, times: times)
        }
    }
}
