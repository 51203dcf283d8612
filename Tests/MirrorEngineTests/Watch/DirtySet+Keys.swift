import ObjectModel

@testable import MirrorEngine

extension DirtySet {
    /// The keys of the next `count` jobs, which are in flight from then on; fewer where the set ends.
    func keys(_ count: Int) async -> [ObjectKey] {
        var keys: [ObjectKey] = []
        for _ in 0..<count {
            guard let job = await next() else { break }
            keys.append(job.key)
        }
        return keys
    }
}
