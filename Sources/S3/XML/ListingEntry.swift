import ObjectModel

/// One object of a listing as a page keeps it: a trivial value, its text lies in the page's arenas.
struct ListingEntry: BitwiseCopyable, Sendable {
    /// What the words of the ETag mean.
    enum ETagKind: UInt8, BitwiseCopyable, Sendable {
        case md5
        case composite
        /// `etagHigh` is the offset and `etagLow` the length of the text in the page's arena.
        case opaque
    }

    var keyOffset: UInt32 = 0
    var keyLength: UInt32 = 0
    var size: Int64 = 0
    /// Milliseconds since the epoch.
    var lastModified: Int64 = 0
    /// The first and the last eight bytes of an MD5, big-endian.
    var etagHigh: UInt64 = 0
    var etagLow: UInt64 = 0
    var etagParts: UInt16 = 0
    var etagKind = ETagKind.opaque
    /// Counted from 1 in the page's table; 0 for none.
    var storageClass: UInt8 = 0
    /// `MD5Digest.capitals`.
    var etagCapitals: UInt32 = 0

    /// Of an ETag that is not opaque.
    var digest: MD5Digest { MD5Digest(high: etagHigh, low: etagLow, capitals: etagCapitals) }
}

/// A stretch of an arena.
struct ByteRange: BitwiseCopyable, Sendable {
    var offset: UInt32
    var length: UInt32
}
