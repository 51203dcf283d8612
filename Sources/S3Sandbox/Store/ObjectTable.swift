public import ObjectModel

/// Where a server keeps its buckets and objects. What a client may do, and how the server lies about it, is decided
/// above; a table only keeps. Tables are called from many threads at once.
public protocol ObjectTable: AnyObject, Sendable {
    /// All buckets by name, with the time of their creation.
    func buckets() -> [(name: String, created: Timestamp)]
    func hasBucket(_ name: String) -> Bool
    /// False where it exists.
    func createBucket(_ name: String, created: Timestamp) throws -> Bool
    /// Removes an empty bucket. Nil where there is none, false where it is not empty.
    func deleteBucket(_ name: String) throws -> Bool?

    /// The versions of a key, newest first, delete markers included. Empty for an unknown key or bucket.
    func versions(of key: ObjectKey, in bucket: String) -> [StoredObject]
    /// The newest versions of at most `limit` keys that begin with `prefix`, from `start` on in the order of bytes.
    /// Keys whose newest version is a delete marker are left out.
    func objects(in bucket: String, prefix: ObjectKey, from start: ListingStart, limit: Int) -> [StoredObject]
    /// Replaces the versions of one key, atomically: `change` gets the present ones, newest first, and leaves the new ones.
    /// - Throws: What `change` throws, and `StorageFailure`; nothing is changed then.
    func change(_ key: ObjectKey, in bucket: String, _ change: (inout [StoredObject]) throws -> Void) throws

    /// A place for bytes that arrive, of about `expectedSize` where that is known.
    func receiver(expectedSize: Int64?) throws -> any BodyReceiver
}

/// Where a listing goes on.
public enum ListingStart: Sendable {
    case beginning
    /// Strictly behind this key, whether it exists or not.
    case after(ObjectKey)
    /// With this key, if it exists.
    case at(ObjectKey)
}

/// Takes the bytes of one upload in order.
public protocol BodyReceiver: AnyObject {
    func append(_ bytes: RawSpan) throws
    /// The body made of everything given; nothing may be added afterwards.
    func finish() throws -> any ObjectBody
}

extension ObjectTable {
    /// The newest version of a key, or nil where there is none or it is a delete marker.
    public func object(_ key: ObjectKey, in bucket: String) -> StoredObject? {
        versions(of: key, in: bucket).first.flatMap { $0.isDeleteMarker ? nil : $0 }
    }
}

/// A table that can name every key, those included whose newest version is a delete marker.
protocol VersionedListing: AnyObject, Sendable {
    func allKeys(in bucket: String) -> [ObjectKey]
}
