/// One page of a listing as its store gave it.
///
/// Keys and entries lie in two arrays, whatever their number, and are read in place: comparing two pages allocates
/// nothing. Indices run from 0 to `count - 1` in the store's order.
public final class ListingPage: Sendable {
    let keys: [UInt8]
    let opaqueETags: [UInt8]
    let entries: [ListingEntry]
    let storageClasses: [String]

    /// How many objects there are.
    public var count: Int { entries.count }

    package init(keys: [UInt8], opaqueETags: [UInt8], entries: [ListingEntry], storageClasses: [String]) {
        self.keys = keys
        self.opaqueETags = opaqueETags
        self.entries = entries
        self.storageClasses = storageClasses
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

    /// What the page says of one object.
    public func state(at index: Int) -> ObjectState {
        ObjectState(
            size: size(at: index), etag: etag(at: index), lastModified: lastModified(at: index),
            storageClass: storageClass(at: index))
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
