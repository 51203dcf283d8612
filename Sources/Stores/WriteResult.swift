public import ObjectModel

/// What a store says of an object that it has just stored.
public struct WriteResult: Sendable, Hashable {
    public var etag: ETag
    public var versionID: String?

    public init(etag: ETag, versionID: String? = nil) {
        self.etag = etag
        self.versionID = versionID
    }
}

/// One part of an upload as the store has it.
public struct StoredPart: Sendable, Hashable {
    /// 1 to 10,000.
    public var number: Int
    public var etag: ETag
    /// In bytes.
    public var size: Int64

    public init(number: Int, etag: ETag, size: Int64) {
        self.number = number
        self.etag = etag
        self.size = size
    }
}
