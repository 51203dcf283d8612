public import ObjectModel
import Runtime

/// What to look at for one key: hints from whoever marked it.
public struct Job: Sendable, Hashable {
    public var key: ObjectKey
    /// As the listings had it; nil where a side was not seen, so that only a HEAD tells.
    public var source: ObjectState?
    public var target: ObjectState?
    /// What the listings let decide; nil: look at both sides and decide then.
    public var decision: Decision?
    /// Why it was marked, where that is known and the decision is not.
    public var reason: Reason?
    /// Failed tries so far.
    public var attempt = 0

    public init(
        key: ObjectKey, source: ObjectState? = nil, target: ObjectState? = nil, decision: Decision? = nil,
        reason: Reason? = nil
    ) {
        self.key = key
        self.reason = reason
        self.source = source
        self.target = target
        self.decision = decision
    }
}

/// The keys that may differ and are not yet settled: a set, with at most one job in flight for a key.
///
/// A key marked twice is worked once. A key marked while it is worked is worked again afterwards, from scratch: what was
/// known of it then may be out of date. Safe from every thread.
public final class DirtySet: Sendable {
    struct State {
        var queue: [Job] = []
        var head = 0
        /// Where a waiting key stands, so that marking it again changes nothing.
        var waiting: Set<ObjectKey> = []
        var inFlight: [ObjectKey: Bool] = [:]
        /// Keys that wait for another try.
        var backingOff = 0
        var isEnding = false
        /// Nothing is taken in any more.
        var isCleared = false
        var consumer: CheckedContinuation<Void, Never>?
        var producers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    /// Jobs in flight at most.
    private let width: Int
    /// Waiting jobs at which producers are held up.
    private let depth: Int

    public init(width: Int, depth: Int = 2048) {
        self.width = width
        self.depth = depth
    }

    /// Marks a key, waiting while too many are waiting already.
    public func mark(_ job: Job) async {
        while !Task.isCancelled {
            let isAccepted = state.withLock { state in
                guard state.isCleared || state.queue.count - state.head < depth else { return false }
                state.add(job)
                return true
            }
            if isAccepted { break }
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.isCleared || state.queue.count - state.head < depth { return true }
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
        state.withLock { $0.add(job) }
        wakeConsumer()
    }

    /// The next job, in flight from now on; nil once the set is ending and everything is settled.
    public func next() async -> Job? {
        while true {
            let (job, isDone, producers) = state.withLock { state -> (Job?, Bool, [CheckedContinuation<Void, Never>]) in
                if state.head < state.queue.count, state.inFlight.count < width {
                    let job = state.takeFirst()
                    defer { state.producers = [] }
                    return (job, false, state.producers)
                }
                return (nil, state.isSettled && state.isEnding, [])
            }
            for producer in producers { producer.resume() }
            if let job { return job }
            if isDone { return nil }
            await withCheckedContinuation { continuation in
                let mustLook = state.withLock { state in
                    let hasWork = state.head < state.queue.count && state.inFlight.count < width
                    if hasWork || state.isEnding && state.isSettled { return true }
                    state.consumer = continuation
                    return false
                }
                if mustLook { continuation.resume() }
            }
        }
    }

    /// The job for `key` is done with; if the key was marked meanwhile it waits again.
    public func settle(_ key: ObjectKey) {
        state.withLock { state in
            if state.inFlight.removeValue(forKey: key) == true { state.add(Job(key: key)) }
        }
        wakeConsumer()
    }

    /// The job for `key` failed and is marked again later by `retry`: until then it is not in flight, and not settled.
    public func backOff(_ key: ObjectKey) {
        state.withLock { state in
            state.inFlight.removeValue(forKey: key)
            if !state.isCleared { state.backingOff += 1 }
        }
        wakeConsumer()
    }

    /// Marks a job that backed off.
    public func retry(_ job: Job) {
        state.withLock { state in
            guard !state.isCleared else { return }
            state.backingOff -= 1
            state.add(job)
        }
        wakeConsumer()
    }

    /// No more keys will be marked from outside.
    public func end() {
        state.withLock { $0.isEnding = true }
        wakeConsumer()
    }

    /// Drops what is waiting, for good; what is in flight goes on.
    public func clear() {
        let producers = state.withLock { state in
            state.queue = []
            state.head = 0
            state.waiting = []
            state.backingOff = 0
            state.isEnding = true
            state.isCleared = true
            defer { state.producers = [] }
            return state.producers
        }
        for producer in producers { producer.resume() }
        wakeConsumer()
    }

    /// Whether `key` is waiting or in flight.
    public func contains(_ key: ObjectKey) -> Bool {
        state.withLock { $0.waiting.contains(key) || $0.inFlight[key] != nil }
    }

    public var counts: (waiting: Int, inFlight: Int, backingOff: Int) {
        state.withLock { ($0.queue.count - $0.head, $0.inFlight.count, $0.backingOff) }
    }

    private func wakeConsumer() {
        let consumer = state.withLock { state in
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume()
    }
}

extension DirtySet.State {
    fileprivate var isSettled: Bool { head == queue.count && inFlight.isEmpty && backingOff == 0 }

    fileprivate mutating func add(_ job: Job) {
        if isCleared { return }
        if inFlight[job.key] != nil {
            inFlight[job.key] = true
        } else if waiting.insert(job.key).inserted {
            queue.append(job)
        }
    }

    fileprivate mutating func takeFirst() -> Job {
        let job = queue[head]
        head += 1
        if head > 1024 || head == queue.count {
            queue.removeFirst(head)
            head = 0
        }
        waiting.remove(job.key)
        inFlight[job.key] = false
        return job
    }
}
