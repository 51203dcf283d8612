import ObjectModel
import Runtime

extension MirrorWatch {
    /// Where it stands now.
    public var status: WatchStatus {
        var status = WatchStatus()
        let dirty = work.dirty
        let counts = dirty.counts
        status.pending = counts.waiting + counts.inFlight + counts.backingOff + overflow.count
        status.retrying = counts.backingOff
        status.poisoned = dirty.poisoned(attempts: Self.poisonedAfter)
        status.lag = lag
        guarded.withLock { $0.state.fill(&status) }
        work.tally.withLock { tally in
            status.target = tally.target.present ?? Amount()
            status.copied = tally.summary.copied
            status.metadata = tally.summary.metadata
            status.deleted = tally.summary.deleted
        }
        return status
    }

    private var lag: Duration? {
        let since = [work.dirty.oldest, overflow.oldest.map(overflow.since)].compactMap(\.self).min()
        return since.map { Duration.nanoseconds(max(0, work.time.now() - $0)) }
    }

    /// Grows with everything that the engine does; and whether it has anything to do that does not wait for a server.
    public var progress: (count: Int, isWaiting: Bool) {
        let counts = work.dirty.counts
        let hasJobs = counts.waiting + counts.inFlight > 0
        return guarded.withLock { ($0.state.progress, $0.state.isWaiting(hasJobs: hasJobs)) }
    }
}
