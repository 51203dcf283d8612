import Runtime

/// The deletions of the last minutes, so that many small groups of them cannot add up to an emptied replica. Pure.
///
/// A number limits the deletions themselves. A percentage limits what the target loses: objects that come and go, and
/// those that are renamed, are no loss, so what was created in the same minutes is set off.
struct DeletionWindow {
    private struct Second {
        let second: Int64
        var deleted = 0
        /// All objects created since the beginning, as of this second.
        var created: Int
    }

    /// In nanoseconds.
    private let length: Int64
    private let limit: DeletionGuard
    private var seconds: [Second]
    /// Created as of the window's beginning.
    private var createdBefore = 0
    private(set) var deleted = 0

    /// `now` in monotonic nanoseconds.
    init(length: Duration, limit: DeletionGuard, now: Int64) {
        self.length = length.nanoseconds
        self.limit = limit
        seconds = [Second(second: now / 1_000_000_000, created: 0)]
    }

    /// Why `count` more must not be done now, with `targetObjects` there at present; nil if they may.
    ///
    /// - Parameter created: objects created on the target since the beginning.
    mutating func objection(adding count: Int, targetObjects: Int, created: Int, now: Int64) -> HeldReason? {
        sample(created: created, now: now)
        let sum = deleted + count
        let minutes = length / 60_000_000_000
        switch limit.limit {
        case .count(let most):
            return sum > most ? .addUp(sum, within: minutes, most: most) : nil
        // Everything may go. What is there is counted with care, so that a part of it may come out as more than all.
        case .percent(100...): return nil
        case .percent(let most):
            let loss = sum - (created - createdBefore)
            // What was there at the window's beginning.
            let base = targetObjects + deleted - (created - createdBefore)
            guard loss > limit.floor, Double(loss) > Double(base) * most / 100 else { return nil }
            return .loss(loss, within: minutes, most: most, left: targetObjects)
        }
    }

    /// Gives the second in which they are counted.
    @discardableResult
    mutating func add(_ count: Int, created: Int, now: Int64) -> Int64 {
        sample(created: created, now: now)
        seconds[seconds.count - 1].deleted += count
        deleted += count
        return seconds[seconds.count - 1].second
    }

    /// `count` deletions that were added in this second were not done. Where it is over the window's edge, they count no
    /// more anyway.
    mutating func takeBack(_ count: Int, of second: Int64) {
        guard let index = seconds.firstIndex(where: { $0.second == second }) else { return }
        let count = min(count, seconds[index].deleted)
        seconds[index].deleted -= count
        deleted -= count
    }

    /// Takes note of what was created so far; to be called every minute at least.
    mutating func sample(created: Int, now: Int64) {
        let second = now / 1_000_000_000
        if seconds.last?.second == second {
            seconds[seconds.count - 1].created = created
        } else {
            seconds.append(Second(second: second, created: created))
        }
        let first = (now - length) / 1_000_000_000
        let kept = seconds.firstIndex { $0.second > first } ?? seconds.count
        for old in seconds[..<kept] {
            deleted -= old.deleted
            createdBefore = old.created
        }
        seconds.removeFirst(kept)
    }

    mutating func reset(created: Int, now: Int64) {
        seconds = [Second(second: now / 1_000_000_000, created: created)]
        createdBefore = created
        deleted = 0
    }
}
