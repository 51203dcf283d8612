import Journal
import ObjectModel
import Runtime
import Stores

/// The one way in which a watch's state changes, and what is done because it did.
extension MirrorWatch {
    /// The state, and what is under the same lock because its order matters.
    struct Guarded {
        var state: WatchState
        var random: SeededGenerator
        /// What is to be done outside of the lock, in order, and whether somebody is at it.
        var outbox: [WatchEffect] = []
        var isDelivering = false
        /// When the state wants to be woken, in monotonic nanoseconds.
        var wakeAt = Int64.max
        var feedTask: Task<Void, Never>?
        var reconcileTask: Task<Void, Never>?
    }

    /// Takes `input` in, and does what follows. Gives the effects, of which some are for whoever calls.
    ///
    /// Many tasks call this at once, so three kinds of effects are told apart:
    /// - What sets something (the gate, the feed, facts to be remembered, the time to wake) is done under the lock: of
    ///   two tasks the one whose step came last has the last word. None of it waits or comes back here.
    /// - What is told goes through an outbox: one task at a time empties it, without the lock, in the order of the
    ///   steps. An observer may come back here: what follows from that is told after what it was told. So an effect may
    ///   be told a moment after `apply` returned, by another task.
    /// - What concerns the caller alone (its key, its batch, its listings) is left to the caller, who finds it in the
    ///   answer.
    ///
    /// The clock is read under the lock: no step has an earlier time than the one before it.
    @discardableResult
    func apply(_ input: WatchInput) -> [WatchEffect] {
        let (effects, mustDeliver) = guarded.withLock { guarded -> ([WatchEffect], Bool) in
            let now = work.time.now()
            if case .wake = input { guarded.wakeAt = .max }
            let effects = guarded.state.step(input, now: now, using: &guarded.random)
            for effect in effects { set(effect, &guarded) }
            guard !guarded.outbox.isEmpty, !guarded.isDelivering else { return (effects, false) }
            guarded.isDelivering = true
            return (effects, true)
        }
        if mustDeliver { deliver() }
        return effects
    }

    /// Under the lock.
    private func set(_ effect: WatchEffect, _ guarded: inout Guarded) {
        switch effect {
        case .openFeed(let number): guarded.feedTask = listen(number)
        case .closeFeed:
            guarded.feedTask?.cancel()
            guarded.feedTask = nil
        case .begin(let preparation): begun.yield(preparation)
        case .openGate: work.dirty.setGate(isOpen: true)
        case .closeGate: work.dirty.setGate(isOpen: false)
        case .allowOne: work.dirty.allowOne()
        case .wakeKeys: _ = work.dirty.wakeDue(.max)
        case .wakeConditions: work.dirty.wakeConditions()
        case .remember(let fact, let value): facts.note(fact, value)
        case .wake(let moment):
            guarded.wakeAt = moment
            alarmBell.ring()
        case .tell, .lookAgain, .askServers: guarded.outbox.append(effect)
        case .read, .markExtras, .again, .deletions, .recordIdentity: break
        }
    }

    private func deliver() {
        while true {
            let effects = guarded.withLock { guarded in
                defer { guarded.outbox = [] }
                if guarded.outbox.isEmpty { guarded.isDelivering = false }
                return guarded.outbox
            }
            guard !effects.isEmpty else { return }
            for effect in effects { perform(effect) }
        }
    }

    private func perform(_ effect: WatchEffect) {
        switch effect {
        case .tell(let event): emit(event)
        case .lookAgain(let keys): lookAgain(keys)
        case .askServers: askServers()
        default: break
        }
    }

    private func listen(_ number: Int) -> Task<Void, Never> {
        let feed: @Sendable () async -> Void = { [stream, options, work] in
            await ChangeFeed(stream, retry: options.listenRetry, work.surroundings) { self.take($0, from: number) }
                .run()
        }
        return Task(executorPreference: executors[0], operation: feed)
    }

    private func lookAgain(_ keys: [ObjectKey]) {
        let now = work.time.now()
        for key in keys where !work.dirty.offer(Job(key: key), since: now) {
            putAside(PendingKey(key: key, since: overflow.date(now), isRemoval: false))
        }
        tickBell.ring()
    }

    /// Keys that find no room in memory wait on disk; where there is no room either, a reconcile finds them.
    func putAside(_ key: PendingKey) {
        if !overflow.add(key) { apply(.overflowed) }
    }

    private func askServers() {
        let (source, target) = (work.source, work.target)
        let body: @Sendable () async -> Void = {
            async let left: Void = source.ping()
            async let right: Void = target.ping()
            _ = await (left, right)
        }
        Task(executorPreference: executors[0], operation: body)
    }

    /// Wakes the state when it asked for it.
    func keepTime() async {
        while !isStopping, !Task.isCancelled {
            let moment = guarded.withLock { $0.wakeAt }
            await alarmBell.wait(until: moment)
            if moment <= work.time.now() { apply(.wake) }
        }
    }
}
