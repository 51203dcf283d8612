import ObjectModel
import Runtime

/// How a reconcile goes.
extension WatchState {
    /// Jobs may be begun once the target's bucket is there.
    mutating func targetIsReady(_ effects: inout [WatchEffect]) {
        guard !health.isTargetReady else { return }
        health.isTargetReady = true
        if !health.breaker.isOpen { effects.append(.openGate) }
    }

    mutating func read(_ reading: WatchInput.Reading, _ now: Int64, _ effects: inout [WatchEffect]) {
        guard isRunning else { return }
        reconciles.read(reading, identity.doubts, feed, now: now)
        guard let running = reconciles.running else { return }
        deletions.reconcileBegan()
        // Seldom enough: what kept keys from succeeding may have passed.
        if running.name != .poll, running.name != .retry { effects.append(.wakeKeys) }
        effects.append(.tell(.reconcileBegan(running.name)))
        effects.append(
            .read(
                WatchEffect.ReadPlan(
                    comparesDropped: running.taken.all.contains(.start), comparesHeaders: running.comparesHeaders,
                    lastGood: identity.lastGood)))
    }

    /// What only the target has is marked, unless that is too much to be meant.
    mutating func judge(_ listed: WatchInput.Listed, _ now: Int64, _ effects: inout [WatchEffect]) {
        guard isReconciling else { return }
        source = listed.source
        let found = Deletions.Found(
            extra: listed.extra, source: listed.source.objects, target: listed.target.objects)
        let saw = deletions.sawEmptySource
        let (reason, isNew) = deletions.judge(found, now: now)
        rememberSource(saw, &effects)
        reconciles.listed(listed, isHeld: reason != nil)
        if let reason {
            identity.doubt()
            if isNew { effects.append(.tell(.guarded(reason.description))) }
        } else if listed.extra > 0 {
            effects.append(.markExtras)
        }
    }

    mutating func reconciled(
        _ end: WatchInput.Reconciled, _ now: Int64, using random: inout some RandomNumberGenerator,
        _ effects: inout [WatchEffect]
    ) {
        guard let ended = reconciles.end(end, feed, now: now, using: &random), let reading = ended.reading,
            let listed = ended.listed
        else { return }
        progress += 1
        identity.reconciled(ended, end, now: now)
        effects.append(
            .tell(
                .reconcileEnded(
                    ReconcileOutcome(
                        reason: ended.name, source: listed.source, target: listed.target, different: end.marked,
                        extra: listed.extra, isHeld: ended.isHeld,
                        seconds: Duration.nanoseconds(now - reading.began).inSeconds))))
    }

    mutating func reconcileFailed(
        _ text: String, lacksSource: Bool, lacksBucket: Bool, _ now: Int64,
        using random: inout some RandomNumberGenerator, _ effects: inout [WatchEffect]
    ) {
        guard isReconciling else { return }
        progress += 1
        if lacksSource { noteEmptySource(&effects) }
        reconciles.fail(text, cap: lacksBucket ? .seconds(10) : .seconds(2), now: now, using: &random)
        effects.append(.tell(.reconcileFailed(text)))
    }
}
