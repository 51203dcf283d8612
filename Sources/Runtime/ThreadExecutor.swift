import CLinux
import Glibc

/// A serial executor on a thread of its own, for work that blocks: SQLite, the file system, name look-ups.
///
/// Nothing that blocks may run on the cooperative pool or on a reactor; an actor that owns such work names this as its
/// executor. The thread lives as long as the process or until `stop()`; jobs still queued then are run first.
public final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Counts the batches that wait to be run.
    private let semaphore: Semaphore

    /// Starts the thread. `name` shows in debuggers; the kernel keeps 15 bytes of it.
    public init(name: String) {
        semaphore = Semaphore()
        Thread.start(name: name) { [self] in run() }
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        state.withLock { $0.jobs.append(unowned) }
        semaphore.signal()
    }

    /// Lets the thread end once its queue is empty. Nothing may be enqueued afterwards.
    public func stop() {
        state.withLock { $0.isStopped = true }
        semaphore.signal()
    }

    private func run() {
        while true {
            semaphore.wait()
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopped, jobs.isEmpty { return }
            if isStopped { semaphore.signal() }
        }
    }
}

/// A POSIX counting semaphore.
@safe public final class Semaphore: Sendable {
    // nonisolated(unsafe): sem_* are thread-safe by contract. On the heap, as the system's object must not move.
    private nonisolated(unsafe) let handle: UnsafeMutablePointer<sem_t>

    public init(value: UInt32 = 0) {
        unsafe handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        unsafe sem_init(handle, 0, value)
    }

    deinit {
        unsafe sem_destroy(handle)
        unsafe handle.deallocate()
    }

    public func signal() {
        unsafe sem_post(handle)
    }

    /// Blocks the calling thread. Never call it from the cooperative pool or a reactor.
    public func wait() {
        while unsafe sem_wait(handle) != 0 && errno == EINTR {}
    }
}

/// Detached POSIX threads.
public enum Thread {
    /// Runs `body` on a new detached thread with all signals blocked (signals are taken by one place only).
    public static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let name: String
            let body: @Sendable () -> Void
            init(_ name: String, _ body: @escaping @Sendable () -> Void) {
                self.name = name
                self.body = body
            }
        }
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
        defer { unsafe pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(Box(name, body)).toOpaque()
        let status = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                let box = unsafe Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
                var all = sigset_t()
                unsafe sigfillset(&all)
                unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
                unsafe clinux_set_thread_name(String(box.name.prefix(15)))
                box.body()
                return nil
            }, argument)
        precondition(status == 0, "The system refused a new thread (error \(status)).")
    }
}

/// Waiting that blocks its thread, for threads that have nothing else to do.
public enum BlockingPause {
    public static func sleep(milliseconds: UInt32) {
        // usleep: to block is its purpose. POSIX lets a system refuse a second and more, so it is given one at most.
        usleep(min(milliseconds, 1000) * 1000)
    }
}
