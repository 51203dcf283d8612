import ObjectModel
import Runtime

/// What all ranges of one pass over the listings found together. Safe from every thread.
final class ListingTally: Sendable {
    struct Total {
        /// Keys in scope that are the same everywhere, and need no look.
        var same = 0
        /// What each place lists in scope; of a manifest, the lines out of scope are taken off.
        var amounts: [AuditMerge.Amount]
        /// Why places are out, one sentence each.
        var failures: [String?]
        /// When the last key was found that differs, in monotonic nanoseconds.
        var lastFound: Int64?
    }

    private let state: Mutex<Total>

    /// - Parameter failures: of places that are out from the start.
    init(failures: [String?]) {
        state = Mutex(Total(amounts: failures.map { _ in AuditMerge.Amount() }, failures: failures))
    }

    var total: Total { state.withLock(\.self) }

    /// Takes note of places that are out in one range, and tells which are out in any: a place that could not be read to its
    /// end is out for the whole audit, or keys of another range would be missing on it that nobody has looked for.
    func share(_ failures: [String?]) -> [String?] {
        state.withLock { state in
            for (index, failure) in failures.enumerated() where state.failures[index] == nil {
                state.failures[index] = failure
            }
            return state.failures
        }
    }

    /// Adds what one range has found since it was noted last.
    func add(same: Int, lastFound: Int64?) {
        state.withLock { state in
            state.same += same
            if let lastFound { state.lastFound = max(state.lastFound ?? .min, lastFound) }
        }
    }

    /// Adds what each place has in one range, which has been read to its end.
    func add(_ amounts: [AuditMerge.Amount]) {
        state.withLock { state in
            for (index, amount) in amounts.enumerated() {
                state.amounts[index].objects += amount.objects
                state.amounts[index].bytes += amount.bytes
            }
        }
    }
}
