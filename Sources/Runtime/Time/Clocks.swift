import Glibc
public import ObjectModel

/// The clock that never goes back; for waiting and measuring.
public enum MonotonicClock {
    /// Nanoseconds since some moment before this process began.
    public static func nanoseconds() -> Int64 {
        nanoseconds(of: CLOCK_MONOTONIC)
    }

    fileprivate static func nanoseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The clock on the wall, which people and other machines set; for dates only.
public enum WallClock {
    public static func now() -> Timestamp {
        Timestamp(milliseconds: MonotonicClock.nanoseconds(of: CLOCK_REALTIME) / 1_000_000)
    }
}

extension Duration {
    /// Whole nanoseconds; durations past 292 years saturate.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000
    }

    public var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
