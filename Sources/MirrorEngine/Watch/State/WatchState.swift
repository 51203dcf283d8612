import ObjectModel
import Runtime

/// What a watch is at a moment: which feed is up, which reconciles are wanted, what is held back and why, when what is
/// due.
///
/// A value, changed by `step` alone, which answers with what is to be done. It reads no clock, does no I/O, and draws
/// chance from the generator that it is given. Keys are not in it, except late writes: what it has to know of them it
/// is told. `Fixtures/Watch/` shows it at work, one script a situation.
struct WatchState: Sendable {
    /// What a watch is asked for, as far as it matters here.
    struct Rules: Sendable {
        var watch = WatchOptions()
        var deletionGuard = DeletionGuard()
    }

    private enum Phase: Hashable {
        case made
        case running
        case stopping
    }

    let rules: Rules
    private var phase = Phase.made
    var feed: Feed
    var reconciles: Reconciles
    var deletions: Deletions
    var health = ServerHealth()
    var identity = Identity()
    /// As of the last listing, in scope.
    var source = Amount()
    /// Jobs that failed since the watch began.
    var failures = 0
    /// Grows with everything that the engine does, for a watchdog.
    var progress = 0
    /// When it is to be woken, as was said last; monotonic nanoseconds.
    private var wakeAt = Int64.max

    init(_ rules: Rules, isFed: Bool = false, now: Int64) {
        self.rules = rules
        let watch = rules.watch
        feed = Feed(isFed: isFed)
        reconciles = Reconciles(
            interval: watch.reconcileInterval, second: watch.secondReconcile, poll: watch.pollInterval)
        deletions = Deletions(rules.deletionGuard, window: watch.deletionWindow, now: now)
    }

    var isStopping: Bool { phase == .stopping }
    var isRunning: Bool { phase == .running }
    var isReconciling: Bool { reconciles.running != nil }

    /// Takes in what happened at `now` (monotonic nanoseconds). What is to be done then, in order.
    mutating func step(
        _ input: WatchInput, now: Int64, using random: inout some RandomNumberGenerator
    ) -> [WatchEffect] {
        var effects: [WatchEffect] = []
        switch input {
        case .start(let memory): start(memory, &effects)
        case .stop: stop(&effects)
        case .wake: wake(now, &effects)
        case .feed(let news, let number): take(news, number, &effects)
        case .fed(let isFed): setFed(isFed, &effects)
        case .overflowed:
            identity.doubt()
            reconciles.wishes.wish(.gap)
        case .request: reconciles.wishes.wish(.request)
        case .approve(let created): approve(created: created, now, &effects)
        case .targetReady: targetIsReady(&effects)
        case .reading(let reading): read(reading, now, &effects)
        case .listed(let listed): judge(listed, now, &effects)
        case .reconciled(let end): reconciled(end, now, using: &random, &effects)
        case .reconcileFailed(let text, let lacksSource, let lacksBucket):
            reconcileFailed(
                text, lacksSource: lacksSource, lacksBucket: lacksBucket, now, using: &random, &effects)
        case .jobSucceeded(let attempt):
            succeeded(attempt: attempt, now, &effects)
            // The one that comes often: nothing falls due by it but what it tells.
            if effects.isEmpty { return effects }
        case .jobFailed(let job): failed(job, now, using: &random, &effects)
        case .deletionsDue(let count, let present): admit(count, of: present, now, &effects)
        case .deletionsEnded(let admitted, let refused): deletions.ended(admitted, refused: refused)
        case .deletionHeld(let reason): hold(reason, &effects)
        case .looked(let facts): look(facts, now, &effects)
        }
        goOn(now, &effects)
        return effects
    }

    private mutating func start(_ memory: WatchInput.Memory, _ effects: inout [WatchEffect]) {
        deletions.recall(paused: memory.paused, sawEmptySource: memory.sawEmptySource)
        reconciles.recall(wasKilled: memory.wasKilled)
        identity.recall(memory.lastGood)
        if let paused = deletions.paused { effects.append(.tell(.deletesPaused(paused.description))) }
        guard phase == .made else { return }
        phase = .running
        if rules.watch.events == .poll {
            poll(because: ProgramWords.pollEvents.spelled, &effects)
        } else {
            openFeed(&effects)
        }
    }

    private mutating func stop(_ effects: inout [WatchEffect]) {
        phase = .stopping
        if feed.close() { effects.append(.closeFeed) }
    }

    private mutating func wake(_ now: Int64, _ effects: inout [WatchEffect]) {
        // It has been woken, and says anew when it wants that again.
        wakeAt = .max
        guard phase == .running else { return }
        if health.breaker.takeProbe(now: now) { effects.append(.allowOne) }
        lookAtLateWrites(now, &effects)
    }

    /// Begins what has become due, and says when something is next.
    private mutating func goOn(_ now: Int64, _ effects: inout [WatchEffect]) {
        guard phase == .running else { return }
        if reconciles.due(feed) <= now {
            reconciles.begin(feed, now: now)
            effects.append(
                .begin(
                    WatchEffect.Preparation(
                        makesTarget: !health.isTargetReady,
                        asksServers: health.isTargetReady && reconciles.failures > 0)))
        }
        let next = min(reconciles.due(feed), health.breaker.nextProbe, health.lateWrites.nextDue ?? .max)
        if next != wakeAt {
            wakeAt = next
            effects.append(.wake(at: next))
        }
    }
}
