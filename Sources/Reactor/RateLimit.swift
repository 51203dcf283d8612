import Runtime

/// A bandwidth limit shared by all transfers in one direction: a debt that time pays off.
///
/// Bytes are booked when they move; whoever books into debt waits until it is paid. So no transfer waits for tokens that
/// another one hoards, and the long-run rate is exact.
public final class RateLimit: Sendable {
    /// At least 1.
    public let bytesPerSecond: Int64
    /// When the debt is paid off, in nanoseconds of the monotonic clock.
    private let paidAt = Mutex<Int64>(0)

    public init(bytesPerSecond: Int64) {
        self.bytesPerSecond = max(1, bytesPerSecond)
    }

    /// Books `bytes` at `now` and answers how many nanoseconds the caller must wait before it moves more.
    /// A tenth of a second's worth may be moved without waiting.
    public func book(_ bytes: Int, now: Int64) -> Int64 {
        let cost = Int64(Double(bytes) / Double(bytesPerSecond) * 1e9)
        return paidAt.withLock { paidAt in
            paidAt = max(paidAt, now - 100_000_000) + cost
            return max(0, paidAt - now)
        }
    }
}
