public import ObjectModel

/// The clocks and the waiting that a room is given, so that a whole mirror can live in a time of somebody's making.
///
/// Nothing below the program itself reads a clock or sleeps in another way.
public protocol Time: Sendable {
    /// Nanoseconds of a clock that never goes back, since some moment before all others; for waiting and measuring.
    func now() -> Int64
    /// The clock on the wall, which people and other machines set; for dates only.
    func wall() -> Timestamp
    /// Suspends the calling task until `now()` is `deadline` or later.
    ///
    /// Returns early, without an error, when the task is cancelled: callers look at `Task.isCancelled` when they go on.
    func sleep(until deadline: Int64) async
}

extension Time {
    /// As `sleep(until:)`, for so long from now on.
    public func sleep(for duration: Duration) async {
        await sleep(until: now().addingSaturated(duration.nanoseconds))
    }
}

extension Int64 {
    /// The sum, or the nearest value that there is.
    public func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }
}
