import Runtime

/// How many requests a server takes in a second, as AWS does it: what exceeds is refused, nothing waits.
final class RequestRate: Sendable {
    /// Nanoseconds of the monotonic clock at which requests at exactly the rate would be due for the next one.
    private let due = Mutex<Int64>(0)

    /// Whether one more request may come now. `rate`: requests a second, at least 1; `burst`: how many may come at once.
    func admits(rate: Int, burst: Int, now: Int64) -> Bool {
        // A bucket of `burst` tokens, kept as the time at which it is full.
        let interval = max(1, 1_000_000_000 / Int64(rate))
        return due.withLock { due in
            guard due - now <= Int64(max(1, burst) - 1) * interval else { return false }
            due = max(due, now) + interval
            return true
        }
    }
}
