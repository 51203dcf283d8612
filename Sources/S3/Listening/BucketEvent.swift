public import ObjectModel

/// One record of a stream of events: a hint that a key may have changed. The truth is what a look at the key says.
public struct BucketEvent: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// `s3:ObjectCreated:*`: written, copied, completed, or given other tags.
        case created
        /// `s3:ObjectRemoved:*`: deleted, or hidden by a delete marker.
        case removed
        case other
    }

    public var kind: Kind
    public var bucket: String
    /// The readings of the key that may be meant: as it stands and, where that is another one and possible,
    /// percent-decoded with `+` for a space. At least one, at most two.
    ///
    /// MinIO writes keys as they are since 2020-04-28 and URL-encoded before, and no record says which.
    public var keys: [ObjectKey]
    /// In bytes; nil where the record has none. MinIO leaves out a size of 0.
    public var size: Int64?
    /// Nil where the record has none, as on removal.
    public var etag: ETag?
    /// When it happened by the server's clock.
    public var time: Timestamp?

    public init(
        kind: Kind, bucket: String, keys: [ObjectKey], size: Int64? = nil, etag: ETag? = nil, time: Timestamp? = nil
    ) {
        self.kind = kind
        self.bucket = bucket
        self.keys = keys
        self.size = size
        self.etag = etag
        self.time = time
    }
}

extension BucketEvent.Kind {
    /// From an event's name, with or without the `s3:` that AWS leaves out.
    init(name: some Collection<UInt8>) {
        var name = Array(name)[...]
        if name.prefix(3) == Self.serviceName { name = name.dropFirst(3) }
        let start = name.prefix(14)
        self = start == Self.createdName ? .created : start == Self.removedName ? .removed : .other
    }

    private static let serviceName = Array("s3:".utf8)[...]
    private static let createdName = Array("ObjectCreated:".utf8)[...]
    private static let removedName = Array("ObjectRemoved:".utf8)[...]
}
