import Glibc

/// A value that one thread at a time may touch, guarded by a POSIX mutex.
///
/// `Synchronization.Mutex` does the same for less. Under contention it is handed over inside the kernel
/// (`FUTEX_LOCK_PI`), though, which ThreadSanitizer cannot see, and a server with a thread per connection lives under
/// contention: the sanitizer would report races where there are none.
// The value is touched under the mutex only, and the mutex lives at a fixed address.
@safe final class Locked<Value>: @unchecked Sendable {
    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init(_ value: Value) {
        self.value = value
        unsafe mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Calls `body` while no other thread is in it. It must not come back to the same lock.
    func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
