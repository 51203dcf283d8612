import ObjectModel

/// Keys whose writes were given up without an answer, and when to look at them again: such a write may still arrive, and
/// put an older version over a newer one. Pure.
struct LateWrites {
    /// Seconds after the write was given up: close enough that one which arrives is found within seconds, until whatever
    /// holds it up has most likely ended it.
    static let looks: [Int64] = [1, 2, 4, 7, 10, 14, 18, 22, 26, 30, 36, 42, 50, 60, 90, 120, 300]

    private struct Entry {
        let began: Int64
        var next = 0
        var due: Int64 { began + LateWrites.looks[next] * 1_000_000_000 }
    }

    private var entries: [ObjectKey: Entry] = [:]

    var isEmpty: Bool { entries.isEmpty }

    /// `now` in monotonic nanoseconds.
    mutating func note(_ keys: [ObjectKey], now: Int64) {
        for key in keys { entries[key] = Entry(began: now) }
    }

    /// The keys to look at now.
    mutating func takeDue(now: Int64) -> [ObjectKey] {
        var due: [ObjectKey] = []
        for (key, entry) in entries where entry.due <= now {
            due.append(key)
            var entry = entry
            while entry.next < Self.looks.count, entry.due <= now { entry.next += 1 }
            entries[key] = entry.next < Self.looks.count ? entry : nil
        }
        return due
    }

    /// When `takeDue` has something to give next; nil if never.
    var nextDue: Int64? { entries.values.lazy.map(\.due).min() }
}
