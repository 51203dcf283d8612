import ObjectModel

/// Since when both sides are known to be identical. Pure.
///
/// A reconcile that ends proves that they were identical when it began, once every key is settled that it marked, or
/// that was told before its end. It proves nothing if meanwhile a key was held back, dropped, or found to be
/// unprovable: that one is settled, and may differ.
struct Identity: Sendable {
    /// What stood against a proof so far.
    struct Reservations: Hashable, Sendable {
        /// Keys held back, or dropped after too many failures.
        var doubts = 0
        /// Keys that nothing proves to be equal.
        var unproven = 0
    }

    /// A reconcile that ended, and whose keys are not all known to be settled.
    struct Candidate: Sendable {
        let start: Timestamp
        let startAtSource: Timestamp
        /// Monotonic nanoseconds.
        let ended: Int64
        let reservations: Reservations
    }

    private(set) var candidate: Candidate?
    private(set) var doubts = 0
    /// Both sides were identical as of then.
    private(set) var last: Timestamp?
    private(set) var lastGood: Reconciler.LastGood?
    /// When one was written down last, monotonic nanoseconds.
    private var lastRecorded: Int64?
    private static let recordEvery: Int64 = 60_000_000_000

    mutating func recall(_ lastGood: Timestamp?) { self.lastGood = lastGood.map(Reconciler.LastGood.here) }

    /// A key is settled and may differ.
    mutating func doubt() {
        doubts += 1
        candidate = nil
    }

    /// A reconcile ended well.
    mutating func reconciled(_ running: Reconciles.Running, _ end: WatchInput.Reconciled, now: Int64) {
        candidate = nil
        let present = Reservations(doubts: doubts, unproven: end.unproven)
        guard let reading = running.reading, !running.isHeld, running.reservations == present else { return }
        candidate = Candidate(
            start: reading.start, startAtSource: end.startAtSource, ended: now, reservations: present)
    }

    /// What a look at the keys proves: the moment to be written down, if it is time for that.
    mutating func looked(_ facts: WatchInput.KeyFacts) -> Timestamp? {
        guard let candidate, facts.asOf > candidate.ended else { return nil }
        guard facts.unproven == candidate.reservations.unproven else {
            self.candidate = nil
            return nil
        }
        if let oldest = facts.oldest, oldest <= candidate.ended { return nil }
        guard facts.putAside == 0, !facts.isHearing else { return nil }
        self.candidate = nil
        last = candidate.start
        lastGood = .atSource(candidate.startAtSource)
        if let lastRecorded, candidate.ended - lastRecorded <= Self.recordEvery { return nil }
        lastRecorded = candidate.ended
        return candidate.start
    }
}
