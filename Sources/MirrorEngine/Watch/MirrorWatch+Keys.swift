import Journal
import ObjectModel
import Runtime
import Stores

/// Looks after the keys of a watch, beside the jobs: wakes those whose time has come, moves them between memory and the
/// journal, and tells the state what it must know of them.
extension MirrorWatch {
    /// Nanoseconds between two looks at keys that are under way, and the same where nothing moves.
    private static let pace: Int64 = 250_000_000
    private static let slowPace: Int64 = 1_000_000_000

    /// Has the keys be looked after soon, where nothing was to be done or nothing moved.
    func wakeTicker() {
        let isIdle = isTickerIdle.withLock { isIdle in
            defer { isIdle = false }
            return isIdle
        }
        if isIdle { tickBell.ring() }
    }

    func lookAfter() async {
        var (pace, seen) = (Self.pace, [Int]())
        while !isStopping, !Task.isCancelled {
            await overflow.writeDown()
            await takeBack()
            await work.journal.flush()
            let now = work.time.now()
            var next = work.dirty.wakeDue(now) ?? .max
            for case .recordIdentity(let start) in apply(.looked(keyFacts())) { await record(start) }
            let motion = motion
            pace = motion == seen ? min(2 * pace, Self.slowPace) : Self.pace
            seen = motion
            let isBusy = isBusy
            if isBusy { next = min(next, now + pace) }
            isTickerIdle.withLock { $0 = !isBusy || pace > Self.pace }
            await tickBell.wait(until: min(next, now + 30_000_000_000))
            isTickerIdle.withLock { $0 = false }
        }
    }

    /// In this order: a key is told, then in memory, and on disk before it leaves the memory, so that none is
    /// overlooked.
    private func keyFacts() -> WatchInput.KeyFacts {
        var facts = WatchInput.KeyFacts(asOf: work.time.now())
        facts.isHearing = hearing.withLock { $0 } > 0
        facts.oldest = work.dirty.oldest
        facts.inFlight = work.dirty.counts.inFlight
        facts.putAside = overflow.count
        facts.unanswered = work.target.takeUnanswered().filter(work.isInScope)
        (facts.unproven, facts.created) = work.tally.withLock { tally in
            (tally.summary.unproven, tally.target.leastObjects == nil ? nil : tally.created)
        }
        return facts
    }

    private var isBusy: Bool {
        let counts = work.dirty.counts
        return counts.waiting + counts.inFlight + counts.backingOff + overflow.count > 0
            || guarded.withLock { $0.state.awaitsKeys }
    }

    /// What changes whenever a key moves.
    private var motion: [Int] {
        let counts = work.dirty.counts
        return [
            counts.waiting, counts.inFlight, counts.backingOff, overflow.count, guarded.withLock { $0.state.progress },
        ]
    }

    private func takeBack() async {
        while work.dirty.hasRoom, work.dirty.waitingForServer < options.retryLimit / 2, !isStopping {
            let keys = await overflow.take()
            guard !keys.isEmpty else { return }
            for key in keys {
                var job = Job(key: key.key)
                // What was told of it since counts.
                job.isRemoval = key.isRemoval && !work.dirty.contains(key.key)
                job.listing = key.isListed ? 0 : nil
                // There is room for all of them, but for what comes meanwhile.
                if !work.dirty.offer(job, since: overflow.since(key.since)) { putAside(key) }
            }
        }
    }

    private func record(_ start: Timestamp) async {
        await work.journal.flush()
        let id = await work.journal.startRun(at: start)
        await work.journal.finishRun(id, summary: "{}", status: "ok")
    }
}
