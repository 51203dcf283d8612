import CCurl
import CLinux
import Glibc
import Runtime

/// A thread that owns a libcurl multi handle, its connections and its timers, and runs Swift tasks.
///
/// A task whose executor preference is a reactor runs on that thread, so resuming it when its socket has something to
/// say wakes no other thread. Child tasks and `async let` inherit the preference; `Task {}` does not.
///
/// Nothing that blocks may run here. All transfers that a task starts belong to the reactor it runs on.
// @unchecked: everything but `inbox` and `wakeDescriptor` is touched by the reactor's own thread only.
public final class Reactor: TaskExecutor, @unchecked Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        /// Whether the thread is, or is about to be, asleep and must be woken.
        var isAsleep = false
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let wakeDescriptor: Int32

    // Owned by the thread.
    private var ready: [UnownedJob] = []
    private var running: [UnownedJob] = []
    private var timers = TimerQueue()
    let engine: TransferEngine
    var idleRings: [BodyRing] = []
    var idleParsers: [ListingParser] = []

    /// Starts the thread; it lives until `stop()`.
    public init(name: String = "reactor") {
        wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(wakeDescriptor >= 0, "The system refused an event descriptor (error \(errno)).")
        engine = TransferEngine(wakeDescriptor: wakeDescriptor)
        Thread.start(name: name) { [self] in run() }
    }

    deinit {
        close(wakeDescriptor)
    }

    /// The reactor whose thread this is, if it is one.
    public static var current: Reactor? {
        guard let pointer = unsafe pthread_getspecific(currentKey) else { return nil }
        return unsafe Unmanaged<Reactor>.fromOpaque(pointer).takeUnretainedValue()
    }

    private static let currentKey: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key, nil)
        return key
    }()

    private var isCurrent: Bool {
        unsafe pthread_getspecific(Self.currentKey) == Unmanaged.passUnretained(self).toOpaque()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        if isCurrent {
            ready.append(unowned)
        } else {
            wake { $0.jobs.append(unowned) }
        }
    }

    /// Runs `body` on the reactor's thread, soon; from the thread itself as well, never at once.
    public func post(_ body: @escaping @Sendable () -> Void) {
        wake { $0.calls.append(body) }
    }

    /// Ends the thread once the transfers and tasks in flight are done with it. Nothing may be enqueued afterwards.
    public func stop() {
        wake { $0.isStopped = true }
    }

    private func wake(_ change: (inout Inbox) -> Void) {
        let mustWake = inbox.withLock { inbox in
            change(&inbox)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustWake { eventfd_write(wakeDescriptor, 1) }
    }

    private func run() {
        unsafe pthread_setspecific(Self.currentKey, Unmanaged.passUnretained(self).toOpaque())
        var turnsWithoutSockets = 0
        while true {
            let isStopped = takeInbox(beforeSleep: false)
            runReadyJobs()
            engine.settle()
            if !ready.isEmpty, turnsWithoutSockets < 8 {
                turnsWithoutSockets += 1
                continue
            }
            turnsWithoutSockets = 0
            if isStopped, ready.isEmpty, engine.isIdle, timers.isEmpty { break }
            _ = takeInbox(beforeSleep: true)
            engine.waitAndDispatch(until: ready.isEmpty ? timers.nextDeadline : 0)
            inbox.withLock { $0.isAsleep = false }
            while let action = timers.takeDue(at: MonotonicClock.nanoseconds()) { action() }
        }
        engine.close()
        pthread_setspecific(Self.currentKey, nil)
    }

    private func takeInbox(beforeSleep: Bool) -> Bool {
        let (calls, isStopped) = inbox.withLock { inbox in
            ready.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: true)
            let calls = inbox.calls
            inbox.calls = []
            inbox.isAsleep = beforeSleep
            return (calls, inbox.isStopped)
        }
        for call in calls { call() }
        return isStopped
    }

    private func runReadyJobs() {
        // Jobs enqueue others while they run; those wait for the next turn, so sockets are served in between.
        swap(&ready, &running)
        var index = 0
        while index < running.count {
            unsafe running[index].runSynchronously(on: asUnownedTaskExecutor())
            index += 1
        }
        running.removeAll(keepingCapacity: true)
    }
}

extension Reactor {
    /// Suspends the calling task for `duration`; it must run on a reactor.
    ///
    /// Returns early, without an error, when the task is cancelled: callers look at `Task.isCancelled` when they go on.
    public static func sleep(for duration: Duration) async {
        let reactor = required()
        let deadline = MonotonicClock.nanoseconds() &+ duration.nanoseconds
        let id = reactor.timers.reserve()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume()
                } else {
                    reactor.timers.add(id, at: deadline) { continuation.resume() }
                }
            }
        } onCancel: {
            reactor.post { reactor.timers.take(id)?() }
        }
    }

    /// Runs `body` on this thread at `deadline` (nanoseconds of `MonotonicClock`). Reactor's thread only.
    func schedule(at deadline: Int64, _ body: @escaping () -> Void) {
        timers.add(timers.reserve(), at: deadline, body)
    }

    /// The current reactor; S3 operations may be called from tasks that run on one only.
    public static func required() -> Reactor {
        guard let reactor = current else {
            preconditionFailure("S3 operations run on a reactor: start the task with executorPreference.")
        }
        return reactor
    }
}
