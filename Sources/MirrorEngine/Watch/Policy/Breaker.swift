import Runtime

/// Tells when a server is away, so that one job at a time tries it instead of all. Pure: time and chance are given.
///
/// | state | failures of the server in a row | what is let through |
/// |---|---|---|
/// | closed | fewer than `threshold` | everything |
/// | open | `threshold` or more | one job at each probe time: up to 0.2 s after the last one failed, then doubled up to 2 s |
///
/// Failures of the server are those that concern every key, and of the others those of keys that had not failed before.
/// One success closes it.
struct Breaker {
    private static let threshold = 8
    private static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(2))

    /// How long one probe is waited for before another one is sent.
    private static let patience: Int64 = 3_000_000_000

    private(set) var isOpen = false
    /// When the next job may try, in monotonic nanoseconds.
    private(set) var nextProbe: Int64 = .max
    private var failuresInARow = 0
    private var isProbing = false
    private var probes = 0

    /// A job failed because of the server. True if that opened the breaker.
    mutating func failed(now: Int64, using random: inout some RandomNumberGenerator) -> Bool {
        failuresInARow += 1
        guard failuresInARow >= Self.threshold else { return false }
        let opened = !isOpen
        isOpen = true
        // Jobs that were under way when it opened fail one after the other and must not put the probe off.
        if opened || isProbing {
            probes = opened ? 0 : probes + 1
            isProbing = false
            nextProbe = now + max(50_000_000, Self.backoff.delay(attempt: probes, using: &random).nanoseconds)
        }
        return opened
    }

    /// A job ended in a way that says nothing of the server: if it was the probe, another one may try at once.
    mutating func learntNothing(now: Int64) {
        guard isOpen, isProbing else { return }
        isProbing = false
        nextProbe = now
    }

    /// A job succeeded. True if that closed the breaker.
    mutating func succeeded() -> Bool {
        failuresInARow = 0
        guard isOpen else { return false }
        isOpen = false
        isProbing = false
        nextProbe = .max
        return true
    }

    /// Whether a job may try now.
    mutating func takeProbe(now: Int64) -> Bool {
        guard isOpen, nextProbe <= now else { return false }
        isProbing = true
        nextProbe = now + Self.patience
        return true
    }
}
