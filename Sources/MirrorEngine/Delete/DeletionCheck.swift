import ObjectModel
import Stores

/// Looks whether a target that reported deletions has done them: a gateway that was mounted read-only (JuiceFS) answers as
/// if it had.
enum DeletionCheck {
    /// Which of `keys`, all reported deleted by one answer, are still there. The first one is asked for; only where it is
    /// there are the others.
    static func survivors(of keys: [ObjectKey], in target: any ObjectStore) async throws(StoreError) -> Set<ObjectKey> {
        guard let first = keys.first, try await target.head(first) != nil else { return [] }
        var survivors: Set<ObjectKey> = [first]
        for key in keys.dropFirst() where try await target.head(key) != nil { survivors.insert(key) }
        return survivors
    }

    static func failure(_ key: ObjectKey, _ target: any ObjectStore) -> ObjectFailure {
        .notDeleted("\(target.name) answered that \(key) was deleted and still has it; is it read-only?")
    }
}
