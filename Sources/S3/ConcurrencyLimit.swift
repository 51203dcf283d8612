public import Runtime

/// How many requests of one direction may be under way to one server: found out by trying, and never settled for good.
///
/// Increased by an eighth while more requests bring more throughput (by half at first, and up to near where it was cut),
/// halved when the server says `SlowDown` or when answers take several times as long as they did; after a `SlowDown`,
/// requests are begun at even intervals, too. Safe from every thread.
///
/// Waiters are served in order, but for those of tasks with a low priority: they let others go first, three times of four.
public final class ConcurrencyLimit: Sendable {
    public struct Bounds: Sendable, Hashable {
        public var initial: Int
        public var maximum: Int

        /// `initial` is cut to `maximum`; both at least 1.
        public init(initial: Int = 8, maximum: Int = 64) {
            self.maximum = max(1, maximum)
            self.initial = min(max(1, initial), self.maximum)
        }
    }

    /// What a finished request tells about the server.
    public enum Signal: Sendable {
        case fine
        /// `SlowDown`, 429: it wants fewer.
        case throttled
        /// Anything else, which says nothing about load.
        case unclear
    }

    struct State {
        var limit: Double
        var inFlight = 0
        var waiters = WaitingLine()
        /// Those of tasks with a low priority.
        var patientWaiters = WaitingLine()
        /// How often others have gone before them.
        var passedOver = 0
        var lastID: UInt64 = 0
        var window = Window()
        /// Throughput (answers a second) of the last window that decided something.
        var reference = 0.0
        /// The shortest mean answer time seen, in nanoseconds; grows slowly, so that an old record does not bind forever.
        var bestLatency = Double.infinity
        /// The shortest since the last cut.
        var leastLatency = Double.infinity
        /// While true the limit grows by half a window, afterwards by one.
        var isStarting = true
        var windowsAtRest = 0
        /// Up to here the limit grows back fast after a cut.
        var threshold = 0.0
        /// Requests that began before the last cut say nothing new.
        var lastCut: Int64 = 0
        var pace = RequestPace()
        /// What the last increase added, until it has shown what it brings.
        var trial = 0.0
    }

    /// Answers counted since the last decision.
    struct Window {
        var start: Int64 = 0
        var answers = 0
        var latency: Int64 = 0
        var wasFull = false
    }

    private let state: Mutex<State>
    private let bounds: Bounds
    private let time: any Time

    public init(_ bounds: Bounds = Bounds(), time: any Time) {
        self.bounds = bounds
        self.time = time
        state = Mutex(State(limit: Double(bounds.initial)))
    }

    /// The present limit, for status and tests.
    public var current: Int { state.withLock { Int($0.limit) } }

    /// Waits for a place, and for its time; a cancelled task gets one out of turn, so that it can end. On a reactor.
    func acquire() async {
        await acquirePlace()
        let turn = state.withLock { $0.pace.book() }
        while true {
            let now = time.now()
            guard let start = state.withLock({ $0.pace.wait(for: turn, now: now) }) else { return }
            guard !Task.isCancelled else { break }
            await time.sleep(until: start)
        }
        state.withLock { $0.pace.leave() }
    }

    private func acquirePlace() async {
        let isPatient = Task.currentPriority <= .low
        let id = state.withLock { state -> UInt64? in
            if state.inFlight < Int(state.limit) {
                state.inFlight += 1
                return nil
            }
            state.window.wasFull = true
            state.lastID += 1
            return state.lastID
        }
        guard let id else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.inFlight < Int(state.limit) || Task.isCancelled {
                        state.inFlight += 1
                        return true
                    }
                    if isPatient {
                        state.patientWaiters.append(id, continuation)
                    } else {
                        state.waiters.append(id, continuation)
                    }
                    return false
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                let waiter = isPatient ? state.patientWaiters.remove(id) : state.waiters.remove(id)
                if waiter != nil { state.inFlight += 1 }
                return waiter
            }
            waiter?.resume()
        }
    }

    /// Gives the place back. `began` is when the request was sent, in monotonic nanoseconds.
    func release(_ signal: Signal, began: Int64) {
        let now = time.now()
        let resumed = state.withLock { state in
            state.inFlight -= 1
            state.learn(signal, began: began, now: now, bounds: bounds)
            var resumed: [CheckedContinuation<Void, Never>] = []
            while state.inFlight < Int(state.limit), let waiter = state.popWaiter() {
                resumed.append(waiter)
                state.inFlight += 1
            }
            return resumed
        }
        for continuation in resumed { continuation.resume() }
    }
}

/// Tasks that wait, in the order they came.
struct WaitingLine {
    private var waiters: [(id: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
    private var head = 0

    var isEmpty: Bool { head == waiters.count }

    mutating func append(_ id: UInt64, _ continuation: CheckedContinuation<Void, Never>) {
        waiters.append((id, continuation))
    }

    mutating func popFirst() -> CheckedContinuation<Void, Never>? {
        guard head < waiters.count else { return nil }
        let waiter = waiters[head].continuation
        head += 1
        if head > 256 || head == waiters.count {
            waiters.removeFirst(head)
            head = 0
        }
        return waiter
    }

    /// Takes one out of the line; nil if it is not in it.
    mutating func remove(_ id: UInt64) -> CheckedContinuation<Void, Never>? {
        guard let index = waiters[head...].firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index).continuation
    }
}

extension ConcurrencyLimit.State {
    fileprivate mutating func popWaiter() -> CheckedContinuation<Void, Never>? {
        if patientWaiters.isEmpty {
            passedOver = 0
        } else if passedOver == 3 || waiters.isEmpty {
            passedOver = 0
            return patientWaiters.popFirst()
        } else {
            passedOver += 1
        }
        return waiters.popFirst()
    }

    /// One finished request. Pure but for `self`, so that the curve can be tested without a server.
    mutating func learn(
        _ signal: ConcurrencyLimit.Signal, began: Int64, now: Int64, bounds: ConcurrencyLimit.Bounds
    ) {
        switch signal {
        case .unclear: return
        case .throttled:
            pace.refused(began: began, now: now)
            guard began > lastCut else { return }
            cut(now: now)
        case .fine:
            pace.answered(now: now)
            if window.answers == 0 { window.start = began }
            window.answers += 1
            window.latency += now - began
            let elapsed = now - window.start
            if window.answers >= max(16, Int(limit)), elapsed >= 50_000_000 {
                decide(elapsed: elapsed, now: now, maximum: Double(bounds.maximum))
            }
        }
    }

    private mutating func cut(now: Int64) {
        threshold = limit * 0.75
        limit = max(1, (limit / 2).rounded(.down))
        isStarting = false
        reference = 0
        trial = 0
        leastLatency = .infinity
        lastCut = now
        window = ConcurrencyLimit.Window()
    }

    private mutating func decide(elapsed: Int64, now: Int64, maximum: Double) {
        let throughput = Double(window.answers) / Double(elapsed) * 1e9
        let latency = Double(window.latency) / Double(window.answers)
        let wasFull = window.wasFull
        window = ConcurrencyLimit.Window()
        bestLatency = min(bestLatency * 1.01, latency)
        leastLatency = min(leastLatency, latency)
        guard wasFull else { return }
        // Eight times the best at a higher limit is a queue inside the server, not work being done.
        if latency > bestLatency * 8, limit > 8, throughput < reference * 0.8 {
            cut(now: now)
            return
        }
        // Answers that take no longer than ever are no queue: more at once bring more, though the throughput of so short a
        // time may not show it.
        if throughput > reference * 1.05 || latency < leastLatency * 1.25 {
            reference = throughput
            increase(maximum)
            windowsAtRest = 0
        } else {
            isStarting = false
            windowsAtRest += 1
            // More did not help: back, and once in a while more again, because servers change.
            limit -= trial
            trial = 0
            if windowsAtRest % 8 == 0 {
                reference = throughput
                increase(maximum)
            } else if throughput < reference * 0.9, limit > 4 {
                limit -= 1
                reference *= 0.98
            }
        }
    }

    /// By enough to show in the throughput.
    private mutating func increase(_ maximum: Double) {
        let isFast = isStarting || limit < threshold
        let more = min(maximum, isFast ? (limit * 1.5).rounded(.up) : limit + max(1, (limit / 8).rounded(.down)))
        trial = more - limit
        limit = more
    }
}
