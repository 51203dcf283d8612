import ObjectModel
import Runtime

/// The same synthetic objects in each of its buckets, to be read only.
final class SyntheticTable: ObjectTable {
    let keys: SyntheticKeys
    let buffers = PageBuffers()
    private let differsEvery: Int?
    private let names = Mutex<[(name: String, created: Timestamp)]>([])

    init(_ objects: SyntheticObjects) {
        keys = SyntheticKeys(objects.count, shape: objects.shape)
        differsEvery = objects.differsEvery
    }

    /// The operations that a server of synthetic objects has.
    static let operations: Set<Operation> = [
        .listBuckets, .headBucket, .getBucketLocation, .listObjects, .listObjectsV2, .headObject, .getObject,
    ]

    func facts(_ index: Int) -> SyntheticFacts {
        SyntheticFacts(index, differs: differsEvery.map { (index + 1).isMultiple(of: $0) } ?? false)
    }

    func object(_ index: Int) -> StoredObject {
        let facts = facts(index)
        return StoredObject(
            key: keys[index], body: SyntheticBody(facts), etag: facts.etagText, modified: facts.modified, id: "\(index)"
        )
    }

    func buckets() -> [(name: String, created: Timestamp)] { names.withLock { $0 } }

    func hasBucket(_ name: String) -> Bool { names.withLock { $0.contains { $0.name == name } } }

    func createBucket(_ name: String, created: Timestamp) -> Bool {
        names.withLock { names in
            guard !names.contains(where: { $0.name == name }) else { return false }
            names.append((name, created))
            names.sort { $0.name < $1.name }
            return true
        }
    }

    func deleteBucket(_ name: String) -> Bool? { hasBucket(name) ? false : nil }

    func versions(of key: ObjectKey, in bucket: String) -> [StoredObject] {
        guard hasBucket(bucket), let index = keys.index(of: key) else { return [] }
        return [object(index)]
    }

    func objects(in bucket: String, prefix: ObjectKey, from start: ListingStart, limit: Int) -> [StoredObject] {
        guard hasBucket(bucket) else { return [] }
        let range = keys.range(of: prefix)
        let low =
            switch start {
            case .beginning: range.lowerBound
            case .after(let key): max(range.lowerBound, keys.first(after: key))
            case .at(let key): max(range.lowerBound, keys.first(notBefore: key))
            }
        guard low < range.upperBound else { return [] }
        return (low..<range.upperBound).prefix(limit).map(object)
    }

    func change(_ key: ObjectKey, in bucket: String, _ change: (inout [StoredObject]) throws -> Void) throws {
        throw ErrorAnswer.notImplemented("a change of synthetic objects")
    }

    func receiver(expectedSize: Int64?) -> any BodyReceiver { MemoryReceiver(expectedSize: nil) }
}
