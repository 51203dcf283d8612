import Glibc
import ObjectModel

/// The system's clock, moved by an offset to play a server whose clock is wrong.
enum Clock {
    /// Now, plus `offset` seconds.
    static func now(offset: Double = 0) -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        return Timestamp(milliseconds: milliseconds + Int64(offset * 1000))
    }
}
