import Runtime

/// The deletions of the last minutes, so that many small groups of them cannot add up to an emptied replica. Pure.
struct DeletionWindow {
    /// In nanoseconds.
    private let length: Int64
    private let limit: DeletionGuard
    /// Deletions by the second in which they were done.
    private var counts: [(second: Int64, count: Int)] = []
    private(set) var total = 0

    init(length: Duration, limit: DeletionGuard) {
        self.length = length.nanoseconds
        self.limit = limit
    }

    /// Why `count` more must not be done now, with `targetObjects` there at present; nil if they may.
    mutating func objection(adding count: Int, targetObjects: Int, now: Int64) -> String? {
        forget(before: now - length)
        let sum = total + count
        let minutes = length / 60_000_000_000
        switch limit.limit {
        case .count(let most):
            guard sum > most else { return nil }
            return "\(sum) deletions within \(minutes) minutes are more than --max-delete \(most)"
        case .percent(let most):
            guard sum > limit.floor, Double(sum) > Double(targetObjects + total) * most / 100 else { return nil }
            return "\(sum) deletions within \(minutes) minutes, with \(targetObjects) objects left, are more than "
                + "--max-delete \(Decimals.format(most, most == most.rounded() ? 0 : 1))%"
        }
    }

    mutating func add(_ count: Int, now: Int64) {
        let second = now / 1_000_000_000
        if counts.last?.second == second {
            counts[counts.count - 1].count += count
        } else {
            counts.append((second, count))
        }
        total += count
    }

    mutating func reset() {
        counts = []
        total = 0
    }

    private mutating func forget(before moment: Int64) {
        let first = counts.firstIndex { ($0.second + 1) * 1_000_000_000 > moment } ?? counts.count
        total -= counts[..<first].reduce(0) { $0 + $1.count }
        counts.removeFirst(first)
    }
}
