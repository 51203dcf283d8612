import ObjectModel
import Reactor
import Runtime

/// The machine's clocks; the one on the wall is moved by an offset to play a server whose clock is wrong.
enum Clock {
    private static let time = SystemTime()

    /// Now, plus `offset` seconds.
    static func now(offset: Double = 0) -> Timestamp {
        Timestamp(milliseconds: time.wall().milliseconds + Int64(offset * 1000))
    }

    /// Monotonic nanoseconds.
    static func monotonic() -> Int64 { time.now() }
}
