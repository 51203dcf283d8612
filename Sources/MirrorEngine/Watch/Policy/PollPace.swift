import Runtime

/// How long to wait between polls: the base interval while things change and listings are cheap, up to ten times that
/// where they are dear or nothing happens. Pure.
struct PollPace {
    private let base: Duration
    private(set) var interval: Duration
    private var quietPolls = 0

    /// Polls that find nothing before the interval grows.
    private static let patience = 10
    /// A poll takes at most one part in so many of the time.
    private static let share = 4

    init(base: Duration) {
        self.base = base
        interval = base
    }

    /// After a poll that took `cost` and found differences or none.
    mutating func polled(cost: Duration, foundChanges: Bool) {
        quietPolls = foundChanges ? 0 : quietPolls + 1
        var wanted = foundChanges ? base : interval
        if quietPolls > Self.patience { wanted = interval + interval / 4 }
        interval = min(base * 10, max(base, wanted, cost * Self.share))
    }
}
