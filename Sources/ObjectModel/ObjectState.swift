/// What one side says of an object: from its listing, from a HEAD, or from the answer that brought the bytes.
public struct ObjectState: Hashable, Sendable {
    public var size: Int64
    public var etag: ETag
    /// With milliseconds from most listings, whole seconds from a HEAD and from some servers' listings.
    public var lastModified: Timestamp
    public var storageClass: String?

    public init(size: Int64, etag: ETag, lastModified: Timestamp, storageClass: String? = nil) {
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.storageClass = storageClass
    }

    /// As a HEAD tells, or the answer that brought the bytes. Where it says no date, that of the epoch.
    public init(_ info: ObjectInfo) {
        self.init(
            size: info.size, etag: info.etag, lastModified: info.lastModified ?? Timestamp(milliseconds: 0),
            storageClass: info.storageClass)
    }
}

extension Timestamp {
    /// Whether this is the same moment as `other`, as far as the coarser of the two can tell.
    public func isVisiblyEqual(to other: Timestamp) -> Bool {
        !isVisiblyLater(than: other) && !other.isVisiblyLater(than: self)
    }

    /// Whether this is later than `other`, as far as the coarser of the two can tell: a time without milliseconds is
    /// taken as a whole second.
    public func isVisiblyLater(than other: Timestamp) -> Bool {
        if milliseconds % 1000 == 0 || other.milliseconds % 1000 == 0 { return seconds > other.seconds }
        return self > other
    }
}
