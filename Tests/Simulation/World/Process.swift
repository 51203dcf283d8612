import Runtime

/// A process in the world: the executor of all that it runs, its clocks, and what its tasks wait for.
///
/// A process that is killed becomes a ghost: its journal is closed, its requests have no answer, its tasks are cancelled,
/// and what is left of them runs to its end at once with nobody to hear of it. So nothing of it has an effect. What its requests do on a server goes on.
// @unchecked: confined to the one thread that runs its world, which it is the executor of.
final class Process: TaskExecutor, @unchecked Sendable {
    let world: World
    let id: Int
    let time: WorldTime
    let chance: Chance
    private(set) var isDead = false
    /// Where its actors are at home.
    private(set) var queue: ProcessQueue!
    private var ghostJobs: [ProcessJob] = []
    private var promises: [Int: any Breakable] = [:]
    private var lastPromise = 0
    /// Kills it after so many jobs more; then `onCountdown` is called.
    var countdown = Int.max
    var onCountdown: () -> Void = {}
    private static let ghostLimit = 500_000

    init(_ world: World, id: Int, clockOffset: Int64 = 0) {
        self.world = world
        self.id = id
        chance = Chance(seed: world.dice.next())
        time = WorldTime(world, offset: clockOffset)
        time.process = self
        queue = ProcessQueue(self)
    }

    var surroundings: Surroundings {
        Surroundings(time: time, chance: chance, blocking: { [unowned self] _ in queue }, giveBackMemory: {})
    }

    func enqueue(_ job: consuming ExecutorJob) { enqueue(ProcessJob(process: self, job: UnownedJob(job), queue: nil)) }

    fileprivate func enqueue(_ job: ProcessJob) {
        if isDead { ghostJobs.append(job) } else { world.enqueue(job) }
    }

    func run(_ job: ProcessJob) {
        if let queue = job.queue {
            unsafe job.job.runSynchronously(on: queue.asUnownedSerialExecutor())
        } else {
            unsafe job.job.runSynchronously(on: asUnownedTaskExecutor())
        }
        guard !isDead, countdown < .max else { return }
        countdown -= 1
        if countdown <= 0 {
            countdown = .max
            onCountdown()
        }
    }

    /// Suspends until `begin`'s promise is kept; nil where the task was cancelled or the process died first.
    func wait<Value>(_ begin: (Promise<Value>) -> Void) async -> Value? {
        if isDead || Task.isCancelled { return nil }
        lastPromise += 1
        let number = lastPromise
        let promise = Promise<Value>()
        promises[number] = promise
        defer { promises[number] = nil }
        begin(promise)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { promise.await($0) }.value
        } onCancel: {
            promise.abandon()
        }
    }

    /// Kills it. `prepare` is called once nothing of it is heard any more: to close its journal, and have its tasks end.
    func die(_ prepare: () -> Void) {
        guard !isDead else { return }
        isDead = true
        ghostJobs = world.takeJobs(of: self)
        prepare()
        for number in promises.keys.sorted() { promises[number]?.abandon() }
        var (next, count) = (0, 0)
        while next < ghostJobs.count, count < Self.ghostLimit {
            let job = ghostJobs[next]
            next += 1
            count += 1
            if next > 4096 {
                ghostJobs.removeFirst(next)
                next = 0
            }
            run(job)
        }
        ghostJobs = []
    }
}

/// What a process has to run next.
struct ProcessJob {
    let process: Process
    let job: UnownedJob
    /// For a job of an actor.
    let queue: ProcessQueue?
}

/// The executor of the actors of a process. It is another than that of its tasks, as in the product: where both were one,
/// each await within a task would be a job of its own.
// @unchecked: confined to the one thread that runs its world.
final class ProcessQueue: SerialExecutor, @unchecked Sendable {
    private unowned let process: Process

    fileprivate init(_ process: Process) {
        self.process = process
    }

    func enqueue(_ job: consuming ExecutorJob) {
        process.enqueue(ProcessJob(process: process, job: UnownedJob(job), queue: self))
    }

    func checkIsolated() {}
}

protocol Breakable {
    func abandon()
}

/// A value that comes later, or never. Kept once; what comes after is dropped.
// @unchecked: kept, awaited and abandoned on the one thread that runs its world.
final class Promise<Value>: Breakable, @unchecked Sendable {
    // @unchecked: goes from one task to another of the same thread.
    struct Outcome: @unchecked Sendable {
        let value: Value?
    }

    private var outcome: Outcome?
    private var continuation: CheckedContinuation<Outcome, Never>?

    func await(_ continuation: CheckedContinuation<Outcome, Never>) {
        if let outcome {
            continuation.resume(returning: outcome)
        } else {
            self.continuation = continuation
        }
    }

    func keep(_ value: Value) { settle(Outcome(value: value)) }

    func abandon() { settle(Outcome(value: nil)) }

    private func settle(_ outcome: Outcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        let continuation = self.continuation
        self.continuation = nil
        continuation?.resume(returning: outcome)
    }
}
