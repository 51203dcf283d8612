public import ObjectModel
import Runtime

/// The keys of writes and deletions that may have reached their server although no answer came.
///
/// Such a request may be done at any later moment, when whatever held it up lets it go, and so undo what was done after
/// it: who keeps a replica looks at these keys again. Safe from every thread.
public final class UnansweredWrites: Sendable {
    private let keys = Mutex<[String: Set<ObjectKey>]>([:])
    /// Keys kept a bucket; further ones are forgotten. More are never in flight at once.
    private static let most = 10_000

    func note(_ keys: [ObjectKey], in bucket: String) {
        self.keys.withLock { noted in
            for key in keys where noted[bucket, default: []].count < Self.most {
                noted[bucket, default: []].insert(key)
            }
        }
    }

    /// Those whose keys begin with `prefix`, which are then forgotten.
    public func take(from bucket: String, prefix: ObjectKey) -> [ObjectKey] {
        keys.withLock { noted in
            guard let keys = noted[bucket] else { return [] }
            let taken = keys.filter { $0.hasPrefix(prefix) }
            if taken.count == keys.count { noted[bucket] = nil } else { noted[bucket] = keys.subtracting(taken) }
            return Array(taken)
        }
    }
}
