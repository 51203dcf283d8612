import Glibc

/// A value that one thread at a time may touch, guarded by a POSIX mutex; never held across an `await`.
///
/// In the place of `Synchronization.Mutex`, which is handed over inside the kernel (`FUTEX_LOCK_PI`) when two threads
/// want it at once: ThreadSanitizer cannot see that and reports races where there are none. Costs the same to a few
/// nanoseconds.
// @unchecked: the value is touched under the mutex only, and what goes in and out is sent.
@safe public final class Mutex<Value>: @unchecked Sendable {
    // The system's object must not move, so it lives on the heap. It stands first: a value of no size would share its
    // address, and ThreadSanitizer takes the two for one.
    private let handle: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    public init(_ value: sending Value) {
        self.value = value
        unsafe handle = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        unsafe pthread_mutex_init(handle, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(handle)
        unsafe handle.deallocate()
    }

    /// Calls `body` while no other thread is in it. It must not come back to the same mutex: that would wait for ever.
    public func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(handle)
        defer { unsafe pthread_mutex_unlock(handle) }
        return try body(&value)
    }
}
