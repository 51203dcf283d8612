import CLinux
import Glibc
import Runtime

/// A thread that runs Swift tasks and owns what they wait for: an epoll registry of descriptors, timers, and guests such as
/// libcurl's handle.
///
/// A task whose executor preference is a reactor runs on that thread, so resuming it when its socket has something to
/// say wakes no other thread. Child tasks and `async let` inherit the preference; `Task {}` does not.
///
/// Nothing that blocks may run here. What a task starts belongs to the reactor it runs on.
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
    var timers = TimerQueue()
    /// Monotonic nanoseconds, taken once a turn. For the reactor's thread.
    public internal(set) var now: Int64 = MonotonicClock.nanoseconds()
    var descriptors = DescriptorRegistry()
    private var guests: [any ReactorGuest] = []
    private var guestsByType: [ObjectIdentifier: any ReactorGuest] = [:]
    var idleRings: [ByteRing] = []

    /// Starts the thread; it lives until `stop()`.
    public init(name: String = "reactor") {
        wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(wakeDescriptor >= 0, "The system refused an event descriptor (error \(errno)).")
        descriptors.watch(wakeDescriptor, EPOLLIN.rawValue, nil)
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

    /// The current reactor. What belongs to a reactor's thread may be asked for by tasks that run on one only.
    public static func required() -> Reactor {
        guard let reactor = current else {
            preconditionFailure("This runs on a reactor only: start the task with executorPreference.")
        }
        return reactor
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

    /// Ends the thread once the guests and tasks in flight are done with it. Nothing may be enqueued afterwards.
    public func stop() {
        wake { $0.isStopped = true }
    }

    /// This reactor's guest of a type, made at its first mention. For the reactor's thread.
    public func guest<Guest: ReactorGuest>(_ make: (Reactor) -> Guest) -> Guest {
        // No other guest is filed under the type.
        if let known = guestsByType[ObjectIdentifier(Guest.self)] {
            return unsafe unsafeDowncast(known, to: Guest.self)
        }
        let guest = make(self)
        guests.append(guest)
        guestsByType[ObjectIdentifier(Guest.self)] = guest
        return guest
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
            for guest in guests { guest.turn() }
            if !ready.isEmpty, turnsWithoutSockets < 8 {
                turnsWithoutSockets += 1
                continue
            }
            turnsWithoutSockets = 0
            if isStopped, ready.isEmpty, guests.allSatisfy(\.isIdle), timers.isEmpty { break }
            _ = takeInbox(beforeSleep: true)
            waitAndDispatch(until: ready.isEmpty ? timers.nextDeadline : 0)
            inbox.withLock { $0.isAsleep = false }
            while let action = timers.takeDue(at: MonotonicClock.nanoseconds()) { action() }
        }
        for guest in guests { guest.close() }
        guests = []
        guestsByType = [:]
        descriptors.close()
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

    /// Waits for descriptors until `deadline` (monotonic nanoseconds; nil waits as long as it takes) and has them served.
    private func waitAndDispatch(until deadline: Int64?) {
        now = MonotonicClock.nanoseconds()
        var until = deadline ?? .max
        for guest in guests { until = min(until, guest.deadline) }
        let milliseconds =
            until == .max ? -1 : Int32(clamping: max(0, (until.addingSaturated(999_999) - now) / 1_000_000))
        let count = descriptors.wait(milliseconds: milliseconds)
        now = MonotonicClock.nanoseconds()
        for index in 0..<count {
            let (descriptor, events) = descriptors.event(at: index)
            if descriptor == wakeDescriptor {
                var value: eventfd_t = 0
                unsafe eventfd_read(descriptor, &value)
            } else {
                // One that an earlier event of this turn took out has no owner any more.
                descriptors.owner(of: descriptor)?.isReady(descriptor, events: events)
            }
        }
        for guest in guests { guest.turn() }
    }
}

/// Something that lives on a reactor's thread beside its tasks, and is called by it alone.
public protocol ReactorGuest: AnyObject {
    /// Does what can be done without waiting. Called once a turn and after descriptors were served.
    func turn()
    /// When it wants `turn` to be called next, in monotonic nanoseconds; `.max` where only a descriptor or a task brings it
    /// work.
    var deadline: Int64 { get }
    /// Whether nothing of it is under way, so that the reactor may end.
    var isIdle: Bool { get }
    /// Ends everything; it is not called again.
    func close()
}
