/// How changes are learnt of.
extension WatchState {
    mutating func take(_ news: WatchInput.FeedNews, _ number: Int?, _ effects: inout [WatchEffect]) {
        guard feed.hears(number) else { return }
        switch news {
        case .live:
            guard feed.becameLive() else { return }
            effects.append(.tell(.listening))
            reconciles.wishes.wish(.gap)
        case .unavailable(let reason) where rules.watch.events == .auto: poll(because: reason, &effects)
        case .lost(let reason), .unavailable(let reason):
            if feed.becameLost() { effects.append(.tell(.streamLost(reason))) }
        }
    }

    /// Finds changes by comparing the listings from now on. What was missed until then is a gap.
    mutating func poll(because reason: String, _ effects: inout [WatchEffect]) {
        guard feed.beganPolling() else { return }
        reconciles.wishes.wish(.gap)
        effects.append(.tell(.polling(interval: reconciles.pace.interval, reason: reason)))
    }

    mutating func setFed(_ isFed: Bool, _ effects: inout [WatchEffect]) {
        if feed.setFed(isFed) { effects.append(.closeFeed) }
        if rules.watch.events != .poll { openFeed(&effects) }
    }

    mutating func openFeed(_ effects: inout [WatchEffect]) {
        guard isRunning, let number = feed.openIfNeeded() else { return }
        effects.append(.openFeed(number: number))
    }
}
