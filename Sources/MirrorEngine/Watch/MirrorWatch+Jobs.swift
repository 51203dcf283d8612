import Journal
import ObjectModel
import Runtime
import Stores

/// The jobs of a watch: worked until they succeed.
extension MirrorWatch {
    /// Failures of an object for its own reasons after which it counts as poisoned.
    static let poisonedAfter = 5
    /// Time without an ended job, while some are in flight, after which the servers are asked whether they live.
    private static let stuckAfter: Int64 = 3_000_000_000

    func workJobs() async {
        await withDiscardingTaskGroup { group in
            var turn = 0
            while let job = await work.dirty.next() {
                let executor = executors[turn % executors.count]
                turn += 1
                // What a listing found is asked for after what an event told: somebody waits for that.
                group.addTask(executorPreference: executor, priority: job.listing == nil ? nil : .low) {
                    await self.perform(job)
                }
            }
        }
    }

    private func perform(_ job: Job) async {
        let began = work.time.now()
        wakeTicker()
        do {
            try await JobWorker(work: work, job: job, began: began).perform()
            noteSuccess(job)
            work.noteSettled(job)
            work.dirty.settle(job.key)
        } catch {
            noteFailure(job, ObjectFailure(error), began: began)
        }
    }

    private func noteSuccess(_ job: Job) {
        let closed = noteAnswer()
        // What one key could not do a moment ago, others may do now as well.
        if closed || job.attempt > 0 { work.dirty.wakeConditions() }
    }

    /// Both servers answered. True if that ends a time in which they did not.
    private func noteAnswer() -> Bool {
        let closed = control.withLock { control in
            control.progress += 1
            control.lastProgress = work.time.now()
            let closed = control.breaker.succeeded()
            if closed {
                control.serverGone = nil
                // Under the lock: of two executors, the one that changed the breaker last must have the last word.
                work.dirty.setGate(isOpen: true)
            }
            return closed
        }
        if closed { emit(.serverBack) }
        return closed
    }

    private func noteFailure(_ job: Job, _ failure: ObjectFailure, began: Int64) {
        let now = work.time.now()
        let cause = RetryPlan.cause(of: failure)
        let isStopping = isStopping
        var random = SeededGenerator(seed: work.surroundings.chance.draw { $0.next() })
        let (isOpen, opened) = control.withLock { control in
            control.progress += 1
            control.lastProgress = now
            // What the listing showed is out of date: the other server was not even asked.
            if cause == .changed { control.breaker.learntNothing(now: now) }
            guard !isStopping, cause == .condition else { return (false, false) }
            control.failures += 1
            // A key that was refused before says nothing new of the server: it may be forbidden for good while others go.
            let counts = job.attempt == 0 || RetryPlan.concernsAll(failure) || control.breaker.isOpen
            let opened = counts && control.breaker.failed(now: now, using: &random)
            if opened {
                control.serverGone = "\(failure)"
                work.dirty.setGate(isOpen: false)
            }
            return (control.breaker.isOpen, opened)
        }
        if isStopping { return work.dirty.settle(job.key) }
        if cause == .object, noteAnswer() { work.dirty.wakeConditions() }
        if opened { emit(.serverGone("\(failure)")) }
        // Without a decision, both sides are looked at; the listing's state tells whether a later one brings news.
        var again = Job(key: job.key, source: job.source, reason: job.reason ?? job.decision?.reason)
        again.isRemoval = job.isRemoval
        again.listing = job.listing
        again.attempt = job.attempt + 1
        if isOpen {
            again.attempt = max(1, job.attempt)
            work.dirty.putBack(again)
        } else {
            tryLater(again, cause, now: now)
            if cause != .changed {
                if cause == .object { control.withLock { $0.failures += 1 } }
                emit(.retry(key: work.source.fullKey(job.key), error: "\(failure)", attempt: again.attempt))
            }
        }
        if let missing = failure.missingBucket, missing == work.target.endpointIdentity { want(.gap) }
        tickBell.ring()
    }

    private func tryLater(_ job: Job, _ cause: RetryPlan.Cause, now: Int64) {
        let retrying = work.dirty.counts.backingOff
        if retrying >= options.retryLimit, cause != .changed {
            if cause == .object {
                control.withLock { $0.unproven = nil }
            } else if !overflow.add(pending(job, since: work.dirty.since(job.key) ?? now)) {
                want(.gap)
            }
            return work.dirty.settle(job.key)
        }
        let delay = work.surroundings.chance.draw { random in
            RetryPlan.delay(cause, attempt: job.attempt - 1, retrying: retrying, using: &random)
        }
        work.dirty.retryLater(job, due: now + delay, isCondition: cause != .object)
    }

    /// A key as it is written down; `since` in monotonic nanoseconds.
    func pending(_ job: Job, since: Int64) -> PendingKey {
        let age = max(0, work.time.now() - since) / 1_000_000
        return PendingKey(
            key: job.key, since: Timestamp(milliseconds: work.time.wall().milliseconds - age), isRemoval: job.isRemoval,
            isListed: job.listing != nil)
    }

    /// A key that only the target has, as a job has just seen.
    func delete(_ extra: Extra, _ job: Job) async throws {
        guard work.options.removes, !work.tally.withLock({ $0.shadows.contains(extra.key) }) else { return }
        let began = work.time.now()
        switch try await deletions.delete(extra, isRemoval: job.isRemoval) {
        case .deleted:
            work.tally.withLock { tally in
                tally.summary.deleted += 1
                tally.target.remove(extra.size, listing: job.listing, began: began)
            }
            work.report(
                ObjectReport(
                    action: .delete, key: work.source.fullKey(extra.key), size: extra.size, etag: nil, status: .ok,
                    reason: .extra, error: nil, seconds: Double(work.time.now() - began) / 1e9))
        case .held(let reason):
            let isNew = control.withLock { control in
                control.heldDeletes += 1
                control.unproven = nil
                guard control.objection == nil else { return false }
                control.objection = reason
                return true
            }
            if reason.hasPrefix(DeletionQueue.emptySource) { await noteEmptySource(true) }
            // The key may have been looked at just before its removal was told: a reconcile says whether anything is held.
            if isNew, deletions.paused == nil { want(.retry) }
        }
    }

    // MARK: Looking after

    /// Has what is looked after be looked at soon, where nothing was to be done.
    func wakeTicker() {
        let isIdle = control.withLock { control in
            defer { control.isTickerIdle = false }
            // There was nothing to make progress with.
            if control.isTickerIdle { control.lastProgress = work.time.now() }
            return control.isTickerIdle
        }
        if isIdle { tickBell.ring() }
    }

    /// Wakes what waits for its time, moves keys between memory and the journal, and sees when everything is settled.
    func lookAfter() async {
        while !isStopping, !Task.isCancelled {
            await overflow.writeDown()
            await takeBack()
            await work.journal.flush()
            deletions.sample()
            let now = work.time.now()
            var next = work.dirty.wakeDue(now) ?? .max
            next = min(next, lookAgainAfterLateWrites(now))
            let (mayProbe, probe) = control.withLock { control in
                let mayProbe = control.breaker.takeProbe(now: now)
                return (mayProbe, control.breaker.nextProbe)
            }
            if mayProbe { work.dirty.allowOne() }
            next = min(next, probe)
            await proveReconcile()
            let isBusy = isBusy
            if isBusy {
                await askWhetherStuck(now)
                next = min(next, now + 250_000_000)
            }
            control.withLock { $0.isTickerIdle = !isBusy }
            await tickBell.wait(until: min(next, now + 30_000_000_000))
            control.withLock { $0.isTickerIdle = false }
        }
    }

    /// Marks keys that a write may have changed which nobody waits for any more; gives when the next one is due.
    private func lookAgainAfterLateWrites(_ now: Int64) -> Int64 {
        let unanswered = work.target.takeUnanswered().filter(work.isInScope)
        let (due, next) = control.withLock { control in
            control.lateWrites.note(unanswered, now: now)
            return (control.lateWrites.takeDue(now: now), control.lateWrites.nextDue ?? .max)
        }
        for key in due where !work.dirty.offer(Job(key: key), since: now) {
            _ = overflow.add(PendingKey(key: key, since: work.time.wall(), isRemoval: false))
        }
        return next
    }

    private var isBusy: Bool {
        let counts = work.dirty.counts
        return counts.waiting + counts.inFlight + counts.backingOff + overflow.count > 0
            || control.withLock { $0.unproven != nil || $0.isReconciling }
    }

    private func takeBack() async {
        while work.dirty.hasRoom, work.dirty.waitingForServer < options.retryLimit / 2, !isStopping {
            let keys = await overflow.take()
            guard !keys.isEmpty else { return }
            let now = (work.time.now(), work.time.wall())
            for key in keys {
                var job = Job(key: key.key)
                job.isRemoval = key.isRemoval
                job.listing = key.isListed ? 0 : nil
                let age = max(0, now.1.milliseconds - key.since.milliseconds)
                // There is room for all of them, but for what comes meanwhile.
                if !work.dirty.offer(job, since: now.0 - age * 1_000_000) { _ = overflow.add(key) }
            }
        }
    }

    /// Both sides were identical when the last reconcile began, once every key that it or an event before its end made
    /// known is settled.
    private func proveReconcile() async {
        guard let unproven = control.withLock({ $0.unproven }) else { return }
        let ended = unproven.ended
        if let oldest = work.dirty.oldest, oldest <= ended { return }
        if overflow.count > 0 { return }
        let incomparable = work.tally.withLock { $0.summary.unproven }
        let mustRecord = control.withLock { control in
            guard control.unproven?.ended == ended else { return false }
            guard incomparable == control.incomparableBefore else {
                control.unproven = nil
                return false
            }
            control.unproven = nil
            control.lastIdentical = unproven.start
            control.lastGood = .atSource(unproven.startAtSource)
            guard ended - control.lastRecorded > 60_000_000_000 || control.lastRecorded == 0 else { return false }
            control.lastRecorded = ended
            return true
        }
        guard mustRecord else { return }
        await work.journal.flush()
        let id = await work.journal.startRun(at: unproven.start)
        await work.journal.finishRun(id, summary: "{}", status: "ok")
    }

    /// While nothing ends although something is in flight, the servers are asked for a sign of life. An answer to a newer
    /// request shows that older ones wait on connections that are dead.
    private func askWhetherStuck(_ now: Int64) async {
        let mustAsk = control.withLock { control in
            let isWorking = control.isReconciling || work.dirty.counts.inFlight > 0
            guard isWorking, now - max(control.lastProgress, control.lastProbe) > Self.stuckAfter else { return false }
            control.lastProbe = now
            return true
        }
        guard mustAsk else { return }
        let (source, target) = (work.source, work.target)
        let body: @Sendable () async -> Void = {
            async let left: Void = source.ping()
            async let right: Void = target.ping()
            _ = await (left, right)
        }
        Task(executorPreference: executors[0], operation: body)
    }
}
