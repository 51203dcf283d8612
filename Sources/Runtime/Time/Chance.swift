/// The random numbers that a room is given: one generator behind a lock, so that a seed foretells them all where the order
/// of the calls is foretold as well. Safe from every thread.
public final class Chance: Sendable {
    private let generator: Mutex<SeededGenerator>

    public init(seed: UInt64) {
        generator = Mutex(SeededGenerator(seed: seed))
    }

    /// Calls `body` with the generator; it must not call this again.
    public func draw<Value: Sendable>(_ body: (inout SeededGenerator) -> Value) -> Value {
        generator.withLock { body(&$0) }
    }

    /// See `Backoff.delay`.
    public func delay(_ backoff: Backoff, attempt: Int) -> Duration {
        draw { backoff.delay(attempt: attempt, using: &$0) }
    }
}
