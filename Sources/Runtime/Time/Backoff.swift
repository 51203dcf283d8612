/// Capped exponential back-off with full jitter.
///
/// Source: "Exponential Backoff And Jitter", AWS Architecture Blog: the wait before attempt n is uniform in
/// 0 … min(cap, base × 2ⁿ).
public struct Backoff: Sendable, Hashable {
    /// The ceiling of the first wait.
    public var base: Duration
    /// The ceiling of every wait.
    public var cap: Duration

    public init(base: Duration = .milliseconds(100), cap: Duration = .seconds(20)) {
        self.base = base
        self.cap = cap
    }

    /// The wait before retry number `attempt`, counted from 0.
    public func delay(attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        ceiling(attempt) * Double.random(in: 0...1, using: &random)
    }

    /// As `delay`, but at least half of the ceiling, where what is waited for takes its time.
    public func longDelay(attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        ceiling(attempt) * Double.random(in: 0.5...1, using: &random)
    }

    private func ceiling(_ attempt: Int) -> Duration { min(cap, base * (1 << min(attempt, 20))) }
}

/// A small seeded generator (SplitMix64), so that a failing random test can be run again from its seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
