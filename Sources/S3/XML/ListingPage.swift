public import ObjectModel

/// One page of a bucket's listing, version 1 or 2, as the server sent it.
///
/// Keys and entries lie in two arrays, whatever their number, and are read in place: comparing two pages allocates
/// nothing. Whether the listing goes on, and how, is for the reader to decide from `isTruncated`, `nextToken` and
/// `nextMarker`; a page says only what was in the document. Indices run from 0 to `count - 1` in the server's order.
public final class ListingPage: Sendable {
    let keys: [UInt8]
    let opaqueETags: [UInt8]
    let entries: [ListingEntry]
    let storageClasses: [String]

    /// The prefixes that a delimiter folded together, decoded, in the server's order.
    public let commonPrefixes: [ObjectKey]
    public let isTruncated: Bool
    /// `NextContinuationToken`, opaque; nil where absent or empty.
    public let nextToken: String?
    /// `NextMarker` of a version 1 listing, decoded; nil where absent or empty. Servers send it with a delimiter only,
    /// and SeaweedFS and rclone send it without the encoding that they announce, so that a `+` in it is doubtful: the
    /// page's last key or prefix is the better marker.
    public let nextMarker: ObjectKey?
    /// Whether the server encoded the keys, as it was asked to. They are decoded here in either case.
    public let isURLEncoded: Bool
    /// `Name`, where given.
    public let bucketName: String?

    /// How many objects there are, common prefixes not counted.
    public var count: Int { entries.count }

    init(
        keys: [UInt8], opaqueETags: [UInt8], entries: [ListingEntry], storageClasses: [String],
        commonPrefixes: [ObjectKey], isTruncated: Bool, nextToken: String?, nextMarker: ObjectKey?, isURLEncoded: Bool,
        bucketName: String?
    ) {
        self.keys = keys
        self.opaqueETags = opaqueETags
        self.entries = entries
        self.storageClasses = storageClasses
        self.commonPrefixes = commonPrefixes
        self.isTruncated = isTruncated
        self.nextToken = nextToken
        self.nextMarker = nextMarker
        self.isURLEncoded = isURLEncoded
        self.bucketName = bucketName
    }

    public func key(at index: Int) -> ObjectKey {
        let entry = entries[index]
        let start = Int(entry.keyOffset)
        return ObjectKey(bytes: Array(keys[start..<(start + Int(entry.keyLength))]))
    }

    /// The length of the key in bytes.
    public func keyLength(at index: Int) -> Int { Int(entries[index].keyLength) }

    /// In bytes, never negative.
    public func size(at index: Int) -> Int64 { entries[index].size }

    /// Of all objects at `indices` together, in bytes.
    public func totalSize(of indices: Range<Int>) -> Int64 {
        entries[indices].reduce(0) { $0 + $1.size }
    }

    public func lastModified(at index: Int) -> Timestamp { Timestamp(milliseconds: entries[index].lastModified) }

    /// As the server writes it, for example `STANDARD`; nil where it says nothing.
    public func storageClass(at index: Int) -> String? {
        let number = Int(entries[index].storageClass)
        return number == 0 ? nil : storageClasses[number - 1]
    }

    public func etag(at index: Int) -> ETag {
        let entry = entries[index]
        switch entry.etagKind {
        case .md5: return .md5(entry.digest)
        case .composite: return .composite(entry.digest, parts: Int(entry.etagParts))
        case .opaque:
            let start = Int(entry.etagHigh)
            return .opaque(String(decoding: opaqueETags[start..<(start + Int(entry.etagLow))], as: UTF8.self))
        }
    }
}
