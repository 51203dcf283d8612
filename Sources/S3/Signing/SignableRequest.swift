/// The parts of a request that a signature covers.
public struct SignableRequest: Sendable {
    /// Upper case.
    public var method: String
    /// As it goes into the `Host` header: with the port unless it is the scheme's own.
    public var host: String
    /// Percent-encoded as it goes onto the wire, beginning with `/`: see `SignatureV4.canonicalPath(bucket:key:)`.
    public var path: [UInt8]
    /// Encoded and sorted as it goes onto the wire, without `?`: see `SignatureV4.canonicalQuery(_:)`.
    public var query: [UInt8]
    /// What else is signed: `Content-MD5` and every `x-amz-*` that is sent, in any order. Not `Host`, `x-amz-date`,
    /// `x-amz-content-sha256` and `x-amz-security-token`, which are added by whoever signs.
    public var headers: [HeaderField]
    public var payload: PayloadHash

    public init(
        method: String, host: String, path: [UInt8], query: [UInt8] = [], headers: [HeaderField] = [],
        payload: PayloadHash = .empty
    ) {
        self.method = method
        self.host = host
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }
}
