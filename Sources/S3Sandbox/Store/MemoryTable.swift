public import ObjectModel
import Runtime

/// Buckets and objects in memory, each bucket's keys in a sorted array.
public final class MemoryTable: ObjectTable {
    private struct Bucket {
        let created: Timestamp
        /// Every key of `versions`, in the order of bytes.
        var keys: [ObjectKey] = []
        var versions: [ObjectKey: [StoredObject]] = [:]

        /// The index of the first key that is not before `key`.
        func index(of key: ObjectKey) -> Int {
            // Clients mostly write in ascending order.
            if let last = keys.last, last < key { return keys.count }
            var low = 0
            var high = keys.count
            while low < high {
                let middle = (low + high) / 2
                if keys[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low
        }

        mutating func set(_ new: [StoredObject], for key: ObjectKey) {
            let isKnown = versions[key] != nil
            if new.isEmpty, isKnown {
                versions[key] = nil
                keys.remove(at: index(of: key))
            } else if !new.isEmpty {
                if !isKnown { keys.insert(key, at: index(of: key)) }
                versions[key] = new
            }
        }
    }

    private let state = Mutex<[String: Bucket]>([:])

    public init() {}

    public func buckets() -> [(name: String, created: Timestamp)] {
        state.withLock { state in
            state.map { (name: $0.key, created: $0.value.created) }.sorted { $0.name < $1.name }
        }
    }

    public func hasBucket(_ name: String) -> Bool {
        state.withLock { $0[name] != nil }
    }

    public func createBucket(_ name: String, created: Timestamp) -> Bool {
        state.withLock { state in
            guard state[name] == nil else { return false }
            state[name] = Bucket(created: created)
            return true
        }
    }

    public func deleteBucket(_ name: String) -> Bool? {
        state.withLock { state in
            guard let bucket = state[name] else { return nil }
            guard bucket.keys.isEmpty else { return false }
            state[name] = nil
            return true
        }
    }

    public func versions(of key: ObjectKey, in bucket: String) -> [StoredObject] {
        state.withLock { $0[bucket]?.versions[key] ?? [] }
    }

    public func objects(
        in bucket: String, prefix: ObjectKey, from start: ListingStart, limit: Int
    ) -> [StoredObject] {
        state.withLock { state in
            guard let bucket = state[bucket] else { return [] }
            var index = bucket.index(of: prefix)
            switch start {
            case .beginning: break
            case .at(let key): index = max(index, bucket.index(of: key))
            case .after(let key):
                let place = bucket.index(of: key)
                index = max(index, place < bucket.keys.count && bucket.keys[place] == key ? place + 1 : place)
            }
            var found: [StoredObject] = []
            while found.count < limit, index < bucket.keys.count, bucket.keys[index].hasPrefix(prefix) {
                if let newest = bucket.versions[bucket.keys[index]]?.first, !newest.isDeleteMarker {
                    found.append(newest)
                }
                index += 1
            }
            return found
        }
    }

    public func change(
        _ key: ObjectKey, in bucket: String, _ change: (inout [StoredObject]) throws -> Void
    ) throws {
        try state.withLock { state in
            guard var versions = state[bucket].map({ $0.versions[key] ?? [] }) else { throw ErrorAnswer.noSuchBucket }
            try change(&versions)
            state[bucket]?.set(versions, for: key)
        }
    }

    public func receiver(expectedSize: Int64?) -> any BodyReceiver {
        MemoryReceiver(expectedSize: expectedSize)
    }
}

extension MemoryTable: VersionedListing {
    func allKeys(in bucket: String) -> [ObjectKey] {
        state.withLock { $0[bucket]?.keys ?? [] }
    }
}

/// Collects an upload in memory.
final class MemoryReceiver: BodyReceiver {
    private var content: [UInt8] = []

    init(expectedSize: Int64?) {
        // A client may announce more than it sends, so trust has a limit.
        if let expectedSize { content.reserveCapacity(Int(min(expectedSize, 1 << 30))) }
    }

    func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe content.append(contentsOf: buffer.assumingMemoryBound(to: UInt8.self))
        }
    }

    func finish() -> any ObjectBody {
        defer { content = [] }
        return MemoryBody(content)
    }
}
