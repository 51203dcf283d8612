import Journal
import ObjectModel
import Runtime
import Stores

/// The jobs of a watch: worked until they succeed.
extension MirrorWatch {
    /// Failures of an object for its own reasons after which it counts as poisoned.
    static let poisonedAfter = 5

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
        let told = acknowledgements.take(job.key)
        do {
            try await JobWorker(work: work, job: job, began: began).perform()
            apply(.jobSucceeded(attempt: job.attempt))
            work.noteSettled(job)
            work.dirty.settle(job.key)
            wakeTicker()
            for acknowledgement in told { acknowledgement.letGo() }
        } catch {
            acknowledgements.putBack(told, for: job.key)
            fail(job, ObjectFailure(error))
        }
    }

    private func fail(_ job: Job, _ failure: ObjectFailure) {
        let cause = RetryPlan.cause(of: failure)
        let effects = apply(
            .jobFailed(
                WatchInput.FailedJob(
                    key: work.source.fullKey(job.key), cause: cause, attempt: job.attempt,
                    text: cause == .changed ? "" : "\(failure)", concernsAll: RetryPlan.concernsAll(failure),
                    lacksTarget: failure.missingBucket == work.target.endpointIdentity,
                    retrying: work.dirty.counts.backingOff)))
        for case .again(let again) in effects { tryAgain(job, again) }
        tickBell.ring()
    }

    private func tryAgain(_ job: Job, _ again: WatchEffect.Again) {
        // Without a decision, both sides are looked at; the listing's state tells whether a later one brings news.
        var next = Job(key: job.key, source: job.source, reason: job.reason ?? job.decision?.reason)
        next.isRemoval = job.isRemoval
        next.listing = job.listing
        switch again {
        case .forget: work.dirty.settle(job.key)
        case .putBack(let attempt):
            next.attempt = attempt
            work.dirty.putBack(next)
        case .later(let attempt, let due, let isCondition):
            next.attempt = attempt
            work.dirty.retryLater(next, due: due, isCondition: isCondition)
        case .putAside(let attempt):
            next.attempt = attempt
            putAside(pending(next, since: work.dirty.since(job.key) ?? work.time.now()))
            work.dirty.settle(job.key)
        }
    }

    /// A key as it is written down; `since` in monotonic nanoseconds.
    func pending(_ job: Job, since: Int64) -> PendingKey {
        PendingKey(
            key: job.key, since: overflow.date(since), isRemoval: job.isRemoval, isListed: job.listing != nil)
    }

    // MARK: Deletions

    /// A key that only the target has, as a job has just seen.
    func delete(_ extra: Extra, _ job: Job) async throws {
        guard work.options.removes, work.tally.withLock({ $0.shadows[extra.key] == nil }) else { return }
        let began = work.time.now()
        if !job.isRemoval, !work.options.deletionGuard.allowsEmptySource,
            guarded.withLock({ $0.state.deletions.sawEmptySource })
        {
            apply(.deletionHeld(.sourceNotMeasured))
            return await facts.flush()
        }
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
        case .present, .planned:
            // It came back while the deletion waited.
            throw ObjectFailure.changed
        case .held(let reason):
            apply(.deletionHeld(reason))
            await facts.flush()
        }
    }

    /// What became of deletions that were admitted. One that nobody saw may be done: it is not counted as there any more,
    /// so that guards take their part of no more than there is.
    func deletionsEnded(_ admitted: Deletions.Admitted, _ report: Deletion.Report) {
        if report.unseen > 0 { work.tally.withLock { $0.target.mayHaveRemoved(report.unseen) } }
        apply(.deletionsEnded(admitted, refused: report.notDone))
    }

    /// Whether `count` deletions may be done, which counts them.
    func admit(_ count: Int) -> Deletions.Answer {
        let present = work.tally.withLock { tally in
            tally.target.leastObjects.map { Deletions.Present(objects: $0, created: tally.created) }
        }
        for case .deletions(let answer) in apply(.deletionsDue(count, of: present)) { return answer }
        return .unknown
    }
}
