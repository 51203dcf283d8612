/// What a store's answer says about one object: from a HEAD, or from the beginning of a GET, which then speaks of the
/// very bytes that follow.
public struct ObjectInfo: Sendable, Hashable {
    /// Bytes of the whole object, also where only a range was asked for.
    public var size: Int64
    public var etag: ETag
    public var lastModified: Timestamp?
    /// Without tags: those take a request of their own.
    public var headers: ObjectHeaders
    /// Nil where the store does not say.
    public var tagCount: Int?
    /// Nil where the server does not say, which means `STANDARD`.
    public var storageClass: String?
    public var versionID: String?
    /// How many parts it has, where a part was asked for and the store tells.
    public var partCount: Int?
    /// Bytes in this answer's body, or that a GET would have brought: the part's size when a part was asked for.
    public var contentLength: Int64
    /// Whether the store encrypts it, so that its ETag need not be a digest of the bytes.
    public var isEncrypted: Bool

    /// The whole object is in the body; nothing is known of its headers, tags and parts.
    public init(size: Int64, etag: ETag, lastModified: Timestamp?, headers: ObjectHeaders = ObjectHeaders()) {
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.headers = headers
        contentLength = size
        isEncrypted = false
    }
}
