/// One object of a listing as a page keeps it: a trivial value, its text lies in the page's arenas.
package struct ListingEntry: BitwiseCopyable, Sendable {
    /// What the words of the ETag mean.
    package enum ETagKind: UInt8, BitwiseCopyable, Sendable {
        case md5
        case composite
        /// `etagHigh` is the offset and `etagLow` the length of the text in the page's arena.
        case opaque
    }

    package var keyOffset: UInt32 = 0
    package var keyLength: UInt32 = 0
    package var size: Int64 = 0
    /// Milliseconds since the epoch.
    package var lastModified: Int64 = 0
    /// The first and the last eight bytes of an MD5, big-endian.
    package var etagHigh: UInt64 = 0
    package var etagLow: UInt64 = 0
    package var etagParts: UInt16 = 0
    package var etagKind = ETagKind.opaque
    /// Counted from 1 in the page's table; 0 for none.
    package var storageClass: UInt8 = 0
    /// `MD5Digest.capitals`.
    package var etagCapitals: UInt32 = 0

    package init() {}

    /// Of an ETag that is not opaque.
    package var digest: MD5Digest { MD5Digest(high: etagHigh, low: etagLow, capitals: etagCapitals) }
}
