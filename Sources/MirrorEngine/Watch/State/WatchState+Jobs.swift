import ObjectModel
import Runtime

/// What single jobs tell of the servers, and what becomes of those that fail.
extension WatchState {
    mutating func succeeded(attempt: Int, _ now: Int64, _ effects: inout [WatchEffect]) {
        let isBack = serversAnswered(now, &effects)
        // What one key could not do a moment ago, others may do now as well.
        if isBack || attempt > 0 { effects.append(.wakeConditions) }
    }

    /// Both servers answered. True if that ends a time in which they did not.
    private mutating func serversAnswered(_ now: Int64, _ effects: inout [WatchEffect]) -> Bool {
        progress += 1
        health.progressed(now: now)
        guard health.breaker.succeeded() else { return false }
        health.gone = nil
        if health.isTargetReady { effects.append(.openGate) }
        effects.append(.tell(.serverBack))
        return true
    }

    /// | the job failed by | the breaker | the key |
    /// |---|---|---|
    /// | a change of the object | learns nothing | again within a second |
    /// | the server's condition | a failure, if the key had not failed before or it is plainly the server | put back while the breaker is open, else later, or on disk where too many wait |
    /// | the object itself | an answer | later, up to five minutes, or forgotten where too many wait: a doubt |
    /// | anything, while the watch ends | – | forgotten here: it is written down |
    mutating func failed(
        _ job: WatchInput.FailedJob, _ now: Int64, using random: inout some RandomNumberGenerator,
        _ effects: inout [WatchEffect]
    ) {
        progress += 1
        health.progressed(now: now)
        // What the listing showed is out of date: the other server was not even asked.
        if job.cause == .changed { health.breaker.learntNothing(now: now) }
        guard !isStopping else { return effects.append(.again(.forget)) }
        if job.cause != .changed { failures += 1 }
        if job.lacksTarget { reconciles.wishes.wish(.gap) }
        if job.cause == .object, serversAnswered(now, &effects) { effects.append(.wakeConditions) }
        if job.cause == .condition {
            noteCondition(job, now, using: &random, &effects)
            if health.breaker.isOpen { return effects.append(.again(.putBack(attempt: max(1, job.attempt)))) }
        }
        effects.append(.again(tryAgain(job, now, using: &random)))
        if job.cause != .changed {
            effects.append(.tell(.retry(key: job.key, error: job.text, attempt: job.attempt + 1)))
        }
    }

    private mutating func noteCondition(
        _ job: WatchInput.FailedJob, _ now: Int64, using random: inout some RandomNumberGenerator,
        _ effects: inout [WatchEffect]
    ) {
        // A key that was refused before says nothing new of the server: it may be forbidden for good while others go.
        guard job.attempt == 0 || job.concernsAll || health.breaker.isOpen,
            health.breaker.failed(now: now, using: &random)
        else { return }
        health.gone = job.text
        effects.append(.closeGate)
        effects.append(.tell(.serverGone(job.text)))
    }

    private mutating func tryAgain(
        _ job: WatchInput.FailedJob, _ now: Int64, using random: inout some RandomNumberGenerator
    ) -> WatchEffect.Again {
        if job.retrying >= rules.watch.retryLimit, job.cause != .changed {
            guard job.cause == .object else { return .putAside(attempt: job.attempt + 1) }
            identity.doubt()
            return .forget
        }
        let delay = RetryPlan.delay(job.cause, attempt: job.attempt, retrying: job.retrying, using: &random)
        return .later(attempt: job.attempt + 1, due: now + delay, isCondition: job.cause != .object)
    }

    // MARK: Looking after

    mutating func look(_ facts: WatchInput.KeyFacts, _ now: Int64, _ effects: inout [WatchEffect]) {
        guard isRunning else { return }
        if let created = facts.created { deletions.sample(created: created, now: now) }
        health.lateWrites.note(facts.unanswered, now: now)
        lookAtLateWrites(now, &effects)
        if let start = identity.looked(facts) { effects.append(.recordIdentity(start)) }
        if health.isStuck(isWorking: isReconciling || facts.inFlight > 0, now: now) { effects.append(.askServers) }
    }

    mutating func lookAtLateWrites(_ now: Int64, _ effects: inout [WatchEffect]) {
        let due = health.lateWrites.takeDue(now: now)
        if !due.isEmpty { effects.append(.lookAgain(due)) }
    }
}
