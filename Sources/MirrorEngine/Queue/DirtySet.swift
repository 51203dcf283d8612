public import ObjectModel
public import Runtime

/// The keys that may differ and are not yet settled: a set, with at most one job in flight for a key.
///
/// A key marked twice is worked once. A key marked while it is worked is worked again afterwards, from scratch: what was
/// known of it then may be out of date. Keys wait in lanes: what listings found waits in bulk, and what events told
/// goes before it, but never takes more than three turns of four. Headers that a listing left to be compared come last,
/// and beside changes few at once. Safe from every thread.
public final class DirtySet: Sendable {
    private let state: Mutex<State>
    /// Waiting jobs at which producers are held up.
    private let depth: Int
    private let time: any Time

    /// - Parameters:
    ///   - width: jobs in flight at most.
    ///   - depth: jobs that wait at most, but for those that must not be kept out.
    ///   - time: what the age of keys is told by.
    public init(width: Int, depth: Int = 2048, time: any Time) {
        state = Mutex(State(width: width))
        self.depth = depth
        self.time = time
    }

    // MARK: Marking

    /// Marks a key in bulk, waiting while too many are waiting already.
    public func mark(_ job: Job) async {
        while !Task.isCancelled {
            let isAccepted = state.withLock { state in
                guard state.isCleared || state.waiting.count < depth else { return false }
                state.add(job, .bulk, since: time.now())
                return true
            }
            if isAccepted { break }
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.isCleared || state.waiting.count < depth { return true }
                    state.producers.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
        }
        wakeConsumer()
    }

    /// Marks a key at once, whatever the number waiting.
    public func markNow(_ job: Job) {
        state.withLock { $0.add(job, .urgent, since: time.now()) }
        wakeConsumer()
    }

    /// Has the keys that are in flight be worked once more: what their jobs have seen may be out of date.
    func markInFlight() {
        let now = time.now()
        state.withLock { state in
            for (key, flight) in state.inFlight {
                var job = Job(key: key)
                job.isRemoval = flight.again?.job.isRemoval ?? flight.isRemoval
                state.add(job, .urgent, since: now)
            }
        }
    }

    /// Marks a key at once, known `since` then, unless too many are waiting or the set has ended; false if so.
    func offer(_ job: Job, since: Int64) -> Bool {
        let now = time.now()
        let isAccepted = state.withLock { state in
            guard !state.isCleared,
                state.waiting.count < depth || state.waiting[job.key] != nil || state.inFlight[job.key] != nil
            else { return false }
            state.add(job, .urgent, since: since)
            state.lastOffer = now
            return true
        }
        if isAccepted { wakeConsumer() }
        return isAccepted
    }

    // MARK: Working

    /// The next job, in flight from now on; nil once the set is ending and everything is settled.
    public func next() async -> Job? {
        while true {
            let now = time.now()
            let (job, isDone, producers) = state.withLock { state -> (Job?, Bool, [CheckedContinuation<Void, Never>]) in
                guard let job = state.takeNext(now: now) else { return (nil, state.isSettled && state.isEnding, []) }
                defer { state.producers = [] }
                return (job, false, state.producers)
            }
            for producer in producers { producer.resume() }
            if let job { return job }
            if isDone { return nil }
            await withCheckedContinuation { continuation in
                let mustLook = state.withLock { state in
                    if state.hasNext(now: now) || state.isEnding && state.isSettled { return true }
                    state.consumer = continuation
                    return false
                }
                if mustLook { continuation.resume() }
            }
        }
    }

    /// The job for `key` is done with; if the key was marked meanwhile it waits again.
    public func settle(_ key: ObjectKey) {
        state.withLock { $0.settle(key) }
        wakeConsumer()
    }

    // MARK: Trying again

    /// The job failed: it waits until `due` (monotonic nanoseconds) or until it is woken, neither in flight nor settled.
    /// A key that was marked meanwhile waits for nothing.
    func retryLater(_ job: Job, due: Int64 = .max, isCondition: Bool = false) {
        state.withLock { $0.retryLater(job, State.Retry(job: job, since: 0, due: due, isCondition: isCondition)) }
        wakeConsumer()
    }

    /// The job failed for a reason that is not its own: it waits at once again.
    func putBack(_ job: Job) {
        state.withLock { $0.putBack(job) }
        wakeConsumer()
    }

    /// Lets a key that failed be tried now.
    func wake(_ key: ObjectKey) {
        state.withLock { state in
            if let retry = state.retrying.removeValue(forKey: key) { state.add(retry.job, .urgent, since: retry.since) }
        }
        wakeConsumer()
    }

    /// Lets those keys be tried whose time has come. When the next one's comes; nil if none waits.
    func wakeDue(_ now: Int64) -> Int64? {
        let next = state.withLock { state in
            for retry in state.retrying.values where retry.due <= now { state.wake(retry) }
            return state.retrying.values.lazy.map(\.due).min()
        }
        wakeConsumer()
        return next
    }

    /// Lets the keys be tried that failed for a reason that is not their own.
    func wakeConditions() {
        state.withLock { state in
            for retry in state.retrying.values where retry.isCondition { state.wake(retry) }
        }
        wakeConsumer()
    }

    /// While closed, jobs are given out one by one, as `allowOne` says.
    func setGate(isOpen: Bool) {
        state.withLock { state in
            state.isGated = !isOpen
            state.permits = 0
        }
        wakeConsumer()
    }

    /// Lets one job through the closed gate, however many are in flight: of the newest key that has not failed yet, if there is
    /// one.
    func allowOne() {
        state.withLock { $0.permits = 1 }
        wakeConsumer()
    }

    // MARK: Ending

    /// No more keys will be marked from outside.
    public func end() {
        state.withLock { $0.isEnding = true }
        wakeConsumer()
    }

    /// Drops what is waiting, for good; what is in flight goes on.
    public func clear() {
        let producers = state.withLock { $0.clear() }
        for producer in producers { producer.resume() }
        wakeConsumer()
    }

    /// Ends the set: nothing is given out any more. What was not settled, and since when it is known.
    func close() -> [(job: Job, since: Int64)] {
        let (rest, producers) = state.withLock { state in
            let rest = state.unsettled
            return (rest, state.clear())
        }
        for producer in producers { producer.resume() }
        wakeConsumer()
        return rest
    }

    // MARK: Looking

    /// Whether `key` is not settled.
    public func contains(_ key: ObjectKey) -> Bool {
        state.withLock { $0.waiting[key] != nil || $0.inFlight[key] != nil || $0.retrying[key] != nil }
    }

    public var counts: (waiting: Int, inFlight: Int, backingOff: Int) {
        state.withLock { ($0.waiting.count, $0.inFlight.count, $0.retrying.count) }
    }

    /// Whether more can be taken in without being near the limit.
    var hasRoom: Bool { state.withLock { $0.waiting.count < depth / 2 } }

    /// Keys that wait for another try because of the server's condition.
    var waitingForServer: Int { state.withLock { $0.retrying.values.lazy.filter(\.isCondition).count } }

    /// Keys that failed: those that wait for another try after `attempts` tries or more, for reasons of their own.
    func poisoned(attempts: Int) -> Int {
        state.withLock { $0.retrying.values.lazy.filter { !$0.isCondition && $0.job.attempt >= attempts }.count }
    }

    /// When a key was last offered, in monotonic nanoseconds; 0 if none ever was.
    var lastOffer: Int64 { state.withLock(\.lastOffer) }

    /// Since when the oldest unsettled key is known, in monotonic nanoseconds; nil if all are settled.
    var oldest: Int64? {
        state.withLock { state in
            [
                state.waiting.values.lazy.map(\.since).min(), state.inFlight.values.lazy.map(\.since).min(),
                state.retrying.values.lazy.map(\.since).min(),
            ].compactMap(\.self).min()
        }
    }

    /// Since when `key` is known, in monotonic nanoseconds; nil if it is settled.
    func since(_ key: ObjectKey) -> Int64? {
        state.withLock { $0.inFlight[key]?.since ?? $0.waiting[key]?.since ?? $0.retrying[key]?.since }
    }

    private func wakeConsumer() {
        let consumer = state.withLock { state in
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume()
    }
}
