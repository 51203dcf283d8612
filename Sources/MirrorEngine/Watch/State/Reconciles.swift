import ObjectModel
import Runtime

/// When both listings are read, and the reconcile that is under way. Pure; times are monotonic nanoseconds.
struct Reconciles: Sendable {
    struct Running: Sendable {
        /// What it is for.
        var taken: Wishes
        /// From when on the listings are read, by this machine's clock and the monotonic one; nil: not yet.
        var reading: (start: Timestamp, began: Int64)?
        var name: ReconcileReason
        var listed: WatchInput.Listed?
        var isHeld = false
        /// What stood against a proof when it began to read.
        var reservations = Identity.Reservations()
    }

    let interval: Duration
    let second: Duration
    var wishes = Wishes(.start)
    private(set) var running: Running?
    /// Whether one has begun to read, or failed to.
    private(set) var hasBegun = false
    /// Since the last one that ended well, and why the last one of them failed.
    private(set) var failures = 0
    private(set) var failure: String?
    /// By this machine's clock.
    private(set) var lastEnd: Timestamp?
    private(set) var pace: PollPace
    /// After a failure none begins before.
    private var notBefore = Int64.min
    private var nextScheduled = Int64.max
    /// While polling, the next time that headers are compared too.
    private var nextHeaderCheck = Int64.max
    /// The process before this one did not end in order: what it had sent may arrive after the first reconcile, so that
    /// a second one follows soon.
    private var needsSecond = false

    init(interval: Duration, second: Duration, poll: Duration) {
        self.interval = interval
        self.second = second
        pace = PollPace(base: poll)
    }

    mutating func recall(wasKilled: Bool) { needsSecond = wasKilled }

    /// The next poll is due.
    mutating func pollNow() { nextScheduled = .min }

    // MARK: When

    /// When the next one may begin, if nothing else happens; `.max`: not at all, or one is under way.
    func due(_ feed: Feed) -> Int64 {
        guard running == nil else { return .max }
        if wishes.fresh.contains(.request) { return .min }
        if wishes.tried.contains(.request) { return notBefore }
        guard feed.isUp else { return .max }
        return wishes.isEmpty ? nextScheduled : notBefore
    }

    /// Begins one.
    mutating func begin(_ feed: Feed, now: Int64) {
        let taken = take(feed, now: now)
        running = Running(taken: taken, name: taken.name)
    }

    private mutating func take(_ feed: Feed, now: Int64) -> Wishes {
        if feed.isUp, now >= nextScheduled {
            wishes.wish(feed.standing == .polling && now < nextHeaderCheck ? .poll : .schedule)
        }
        return wishes.take(isUp: feed.isUp)
    }

    // MARK: How it goes

    /// The listings are read from now on: what was wished until now is satisfied.
    mutating func read(_ reading: WatchInput.Reading, _ doubts: Int, _ feed: Feed, now: Int64) {
        guard var running else { return }
        hasBegun = true
        running.taken.join(take(feed, now: now))
        running.name = running.taken.name
        running.reading = (reading.start, now)
        running.reservations = Identity.Reservations(doubts: doubts, unproven: reading.unproven)
        self.running = running
    }

    mutating func listed(_ listed: WatchInput.Listed, isHeld: Bool) {
        running?.listed = listed
        running?.isHeld = isHeld
    }

    /// It ended well: how it went.
    mutating func end(
        _ end: WatchInput.Reconciled, _ feed: Feed, now: Int64, using random: inout some RandomNumberGenerator
    ) -> Running? {
        guard let ended = running, let reading = ended.reading else { return nil }
        running = nil
        (failures, failure, notBefore) = (0, nil, .min)
        lastEnd = end.end
        let hasFound = end.marked + (ended.listed?.extra ?? 0) > 0 && !ended.isHeld
        pace.polled(cost: .nanoseconds(now - reading.began), foundChanges: hasFound)
        var pause =
            feed.standing == .polling ? pace.interval : interval * Double.random(in: 0.9...1.1, using: &random)
        if needsSecond { pause = min(pause, second) }
        needsSecond = false
        nextScheduled = now + pause.nanoseconds
        if ended.comparesHeaders { nextHeaderCheck = now + interval.nanoseconds }
        return ended
    }

    /// It failed: what it was for is put back, and waits.
    mutating func fail(
        _ text: String, cap: Duration, now: Int64, using random: inout some RandomNumberGenerator
    ) {
        guard let failed = running else { return }
        running = nil
        hasBegun = true
        failure = text
        wishes.putBack(failed.taken)
        let backoff = Backoff(base: .milliseconds(200), cap: cap)
        notBefore = now + backoff.delay(attempt: failures, using: &random).nanoseconds
        failures += 1
    }
}

extension Reconciles.Running {
    /// Polls alone, and their further tries, leave headers be.
    var comparesHeaders: Bool { taken.all != .poll }
}
