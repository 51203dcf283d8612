import ObjectModel
import Stores

/// Looks whether a target that reported deletions has done them, every one: a gateway that was mounted read-only (JuiceFS)
/// answers as if it had, and others do some of a batch.
enum DeletionCheck {
    /// Looks under way at once.
    private static let atOnce = 64

    /// Which of `keys`, all reported deleted, are still there.
    static func survivors(of keys: [ObjectKey], in target: any ObjectStore) async throws -> Set<ObjectKey> {
        try await withThrowingTaskGroup(of: ObjectKey?.self) { group in
            var survivors: Set<ObjectKey> = []
            for (index, key) in keys.enumerated() {
                if index >= atOnce, let survivor = try await group.next() ?? nil { survivors.insert(survivor) }
                group.addTask { try await target.head(key) == nil ? nil : key }
            }
            for try await case let survivor? in group { survivors.insert(survivor) }
            return survivors
        }
    }

    static func failure(_ key: ObjectKey, _ target: any ObjectStore) -> ObjectFailure {
        .notDeleted("\(target.name) answered that \(key) was deleted and still has it; is it read-only?")
    }
}
