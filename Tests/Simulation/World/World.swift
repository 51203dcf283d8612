import Runtime

/// One thread, one seed, one time: draws which of the ready jobs runs next, and lets time jump when none is ready.
// @unchecked: everything in it is confined to the one thread that calls `run`.
final class World: @unchecked Sendable {
    var dice: Dice
    /// Nanoseconds since long before the round began.
    private(set) var now: Int64 = World.beginning
    static let beginning: Int64 = 100_000_000_000_000
    private var ready: [ProcessJob] = []
    private var timers = TimerHeap()
    /// Hash of all (job drawn, now).
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var jobs = 0
    /// Why the round can't go on: a loop without end.
    private(set) var exhaustion: String?
    /// Requests that would change something and have not arrived yet.
    var effectsUnderWay = 0
    /// The longest that one of them was on its way.
    var longestDelay: Int64 = 0
    /// When the last of them arrives that anything held up.
    var lastLateEffect: Int64 = 0
    /// What happened, where somebody wants to read it.
    var story: Story?
    private static let jobLimit = 1_500_000

    init(seed: UInt64) {
        dice = Dice(seed: seed)
    }

    func enqueue(_ job: ProcessJob) { ready.append(job) }

    /// The ready jobs of a process that dies, oldest first; they are not ready any more.
    func takeJobs(of process: Process) -> [ProcessJob] {
        let taken = ready.filter { $0.process === process }
        ready.removeAll { $0.process === process }
        return taken
    }

    /// Calls `body` at `due`, or as soon as it may be.
    @discardableResult
    func at(_ due: Int64, _ body: @escaping () -> Void) -> Timer { timers.add(max(due, now), body) }

    @discardableResult
    func after(_ nanoseconds: Int64, _ body: @escaping () -> Void) -> Timer { at(now + nanoseconds, body) }

    /// Goes on until `end`, or until `isDone`, which is asked whenever time moves.
    func run(until end: Int64, isDone: () -> Bool = { false }) {
        while exhaustion == nil {
            if !ready.isEmpty {
                runOne()
                continue
            }
            if isDone() { return }
            guard let due = timers.nextDue, due <= end else {
                now = max(now, end)
                return
            }
            now = max(now, due)
            timers.popFirst()()
        }
    }

    /// Lets go of all that was to come: it holds what the world is held by.
    func end() {
        timers = TimerHeap()
        ready = []
    }

    private func runOne() {
        let index = ready.count == 1 ? 0 : dice.below(ready.count)
        let job = ready[index]
        ready.swapAt(index, ready.count - 1)
        ready.removeLast()
        note(UInt64(index) | UInt64(job.process.id) << 32)
        note(UInt64(bitPattern: now))
        jobs += 1
        if jobs > Self.jobLimit { exhaustion = "more than \(Self.jobLimit) jobs: something goes round for ever" }
        job.process.run(job)
    }

    /// Takes something into the trace.
    func note(_ word: UInt64) { trace = (trace ^ word) &* 0x100_0000_01B3 }
}

/// Something that is due once.
final class Timer {
    let due: Int64
    let number: Int
    fileprivate(set) var body: (() -> Void)?

    init(due: Int64, number: Int, body: @escaping () -> Void) {
        self.due = due
        self.number = number
        self.body = body
    }

    func cancel() { body = nil }
}

/// Timers by what is due first; of two at once, the older one.
private struct TimerHeap {
    private var heap: [Timer] = []
    private var count = 0

    mutating func add(_ due: Int64, _ body: @escaping () -> Void) -> Timer {
        count += 1
        let timer = Timer(due: due, number: count, body: body)
        heap.append(timer)
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
        return timer
    }

    var nextDue: Int64? {
        mutating get {
            while let first = heap.first, first.body == nil { _ = removeFirst() }
            return heap.first?.due
        }
    }

    /// What is due first, to be done by the caller.
    mutating func popFirst() -> () -> Void {
        let first = removeFirst()
        defer { first.cancel() }
        return first.body ?? {}
    }

    private mutating func removeFirst() -> Timer {
        let first = heap[0]
        let last = heap.removeLast()
        if heap.isEmpty { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (heap[left], heap[right])
        return a.due == b.due ? a.number < b.number : a.due < b.due
    }
}
