public import Journal
import Listings
import ObjectModel
public import Reactor
public import Runtime
import Scratch
public import Stores

/// Makes a target the same as a source once: one reconcile, and all the jobs that it brings, until every key is settled.
///
/// Safe from every thread; `run` is called once.
public final class MirrorRun: Sendable {
    let work: MirrorWork
    /// Keys that only the target has, until both listings are known to be whole.
    let extras: KeySpill
    private var options: MirrorOptions { work.options }
    private var dirty: DirtySet { work.dirty }
    private let executors: [any TaskExecutor]
    /// What the target's client had relayed before this run.
    private let relayedBefore: Int64
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// Jobs in flight at most; the servers' concurrency limits let fewer through.
    private static let width = 128

    /// - Parameters:
    ///   - journal: what is remembered between runs; nil remembers nothing.
    ///   - budget: what all transfers of the process hold in memory.
    ///   - executors: where the work is done, at least one.
    ///   - observer: called from any thread, one call at a time for an object, and must not block.
    public init(
        source: any ObjectStore, target: any ObjectStore, options: MirrorOptions, journal: Journal?,
        budget: ByteBudget, surroundings: Surroundings, executors: [any TaskExecutor],
        observer: @escaping @Sendable (MirrorEvent) -> Void
    ) {
        let extras = KeySpill(executor: surroundings.blocking("key-spill"))
        self.extras = extras
        work = MirrorWork(
            source: source, target: target, options: options,
            journal: MirrorJournal(journal, mirror: MirrorWork.name(source, target), time: surroundings.time),
            budget: budget,
            dirty: DirtySet(width: options.maxWorkers ?? Self.width, time: surroundings.time),
            surroundings: surroundings, executor: executors[0], isWatching: false, observer: observer,
            takeExtra: { extra, _ in try await extras.append([extra.spilled]) })
        self.executors = executors
        relayedBefore = target.counters.relayedBytes
    }

    /// How far the run is.
    public var progress: MirrorProgress {
        let counts = dirty.counts
        let relayed = work.target.counters.relayedBytes - relayedBefore
        return work.tally.withLock { tally in
            var progress = tally.progress
            progress.inFlight = counts.inFlight
            // Of relays that are under way, what is sent already; a relay that failed is not counted twice.
            progress.done.bytes = min(progress.known.bytes, max(progress.done.bytes, tally.heldBytes + relayed))
            return progress
        }
    }

    /// Ends the run soon: what is in flight is cancelled, uploads are left resumable or aborted, state is saved.
    public func interrupt() {
        work.interrupt()
        dirty.clear()
        task.withLock { $0 }?.cancel()
    }

    var isInterrupted: Bool { work.isInterrupted }

    /// Runs to the end; failures are in the summary.
    public func run() async -> MirrorSummary {
        let began = work.time.now()
        let requestsBefore = work.requestCounts()
        let start = work.time.wall()
        let journal = work.journal
        let id = options.isDryRun ? nil : await journal.startRun(at: start)
        if !options.isDryRun { await journal.acquireLock() }
        let body: @Sendable () async -> Void = { await self.workAll(start: start) }
        let task = Task(executorPreference: executors[0], operation: body)
        self.task.withLock { $0 = task }
        if isInterrupted { task.cancel() }
        await task.value
        var summary = finalSummary()
        summary.seconds = Double(work.time.now() - began) / 1e9
        summary.requests = work.requestCounts().filter { $0.value > 0 }
        for (verb, count) in requestsBefore { summary.requests[verb]? -= count }
        summary.requests = summary.requests.filter { $0.value > 0 }
        if summary.status == .ok, !options.isDryRun, options.filter.isEverything {
            await journal.setFact(MirrorJournal.dropsHeaders, nil)
        }
        await journal.flush()
        await journal.finishRun(id, summary: summary.json.object, status: summary.status.rawValue)
        journal.releaseLock()
        if let failure = journal.failure {
            work.notice("State could not be kept: \(failure) The next run does some work again.")
        }
        return summary
    }

    private func finalSummary() -> MirrorSummary {
        var summary = work.tally.withLock { tally in
            var summary = tally.summary
            summary.target = tally.listedTarget + tally.target.change
            summary.same += tally.plainlySame
            if tally.goneInARow > 0 { summary.isServerGone = true }
            return summary
        }
        if isInterrupted {
            summary.status = .interrupted
        } else if summary.objection != nil {
            summary.status = .guarded
        } else if summary.error != nil || summary.failed > 0 || summary.unproven > 0 {
            summary.status = .failed
        }
        return summary
    }

    // MARK: The work

    /// Jobs of a run that is no small one.
    private static let manyJobs = 48

    private func workAll(start: Timestamp) async {
        let lastGood = await work.journal.headersKnownUntil(start: start, isDryRun: options.isDryRun)
            .map(Reconciler.LastGood.here)
        let dropped = await work.journal.fact(MirrorJournal.dropsHeaders)
        if let dropped {
            work.notice(
                "\(work.target.name) was seen to drop \(dropped): headers of all objects are compared, two HEADs each.")
        }
        let reconciler = Reconciler(
            work, start: start, lastGood: lastGood,
            marks: dropped == nil ? .differences : .differencesAndHeaders, extras: extras)
        await withDiscardingTaskGroup { group in
            group.addTask {
                do {
                    try await reconciler.run()
                } catch {
                    self.abandon(error)
                }
                self.work.tally.withLock { $0.progress.isListed = true }
                self.dirty.end()
            }
            var turn = 0
            while let job = await dirty.next() {
                let executor = executors[turn % executors.count]
                turn += 1
                // What starting took is over, and as many copies as ever will soon be under way.
                if turn == Self.manyJobs { work.surroundings.giveBackMemory() }
                group.addTask(executorPreference: executor) { await self.perform(job, on: executor) }
            }
        }
        guard !isInterrupted else { return }
        if work.tally.withLock({ $0.summary.error }) == nil, await extras.count > 0 {
            do {
                try await Deleter(self).run()
            } catch {
                abandon(error)
            }
        }
        if !options.isDryRun, !isInterrupted {
            // Whoever began beside another run, and ends after it, clears up for both.
            await work.journal.acquireLockIfFreed()
            await sweepUploads()
        }
    }

    /// Ends the uploads that nobody goes on with, and says so where it can't.
    private func sweepUploads() async {
        let sweeper = UploadSweeper(target: work.target, journal: work.journal)
        await sweeper.sweep()
        for attempt in 0..<3 where work.journal.leftovers > 0 && !isInterrupted {
            await work.time.sleep(for: work.surroundings.chance.delay(options.backoff, attempt: attempt))
            await sweeper.sweep()
        }
        let left = work.journal.leftovers
        if left > 0 {
            work.notice(
                "\(left) unfinished \(left == 1 ? "upload" : "uploads") could not be ended on \(work.target.name) and "
                    + "\(left == 1 ? "takes" : "take") room there; have the server expire unfinished uploads.")
        }
    }

    /// The run can't be finished, because of `error`. What is in flight goes on, unless a server is away.
    func abandon(_ error: any Error) {
        if isInterrupted { return }
        let failure = ObjectFailure(error)
        work.tally.withLock { tally in
            if tally.summary.error == nil { tally.summary.error = "\(failure)" }
            if failure.isServerGone || Self.isRefusal(failure) { tally.summary.isServerGone = true }
        }
        if failure.isServerGone { dirty.clear() }
    }

    /// A listing or a bucket that is refused or missing is a server that refuses us.
    private static func isRefusal(_ failure: ObjectFailure) -> Bool {
        guard case .server(let error) = failure else { return false }
        return error.kind != .cancelled
    }

    // MARK: One job

    private func perform(_ job: Job, on executor: any TaskExecutor) async {
        let began = work.time.now()
        do {
            let worker = JobWorker(work: work, job: job, began: began)
            try await worker.perform()
            work.tally.withLock { tally in
                tally.goneInARow = 0
                let size = job.source?.size ?? 0
                tally.progress.done.add(size)
                if size <= Int64(options.heldLimit) { tally.heldBytes += size }
            }
            dirty.settle(job.key)
        } catch {
            let failure = ObjectFailure(error)
            if isInterrupted {
                dirty.settle(job.key)
            } else if failure.isTransient, job.attempt + 1 < options.attempts {
                tryLater(job, on: executor)
            } else {
                fail(job, failure, began: began)
            }
        }
    }

    /// Brings one key in line after all others, trying as often as a job is tried.
    func settleAlone(_ key: ObjectKey) async {
        var job = Job(key: key)
        while !isInterrupted {
            let began = work.time.now()
            do {
                return try await JobWorker(work: work, job: job, began: began).perform()
            } catch {
                let failure = ObjectFailure(error)
                guard failure.isTransient, job.attempt + 1 < options.attempts else {
                    return fail(job, failure, began: began)
                }
                await work.time.sleep(for: work.surroundings.chance.delay(options.backoff, attempt: job.attempt))
                job.attempt += 1
            }
        }
    }

    /// Backs off without holding a place, then looks at both sides anew.
    private func tryLater(_ job: Job, on executor: any TaskExecutor) {
        let delay = work.surroundings.chance.delay(options.backoff, attempt: job.attempt)
        var again = Job(key: job.key)
        again.attempt = job.attempt + 1
        // Not to decide by, only to report.
        again.source = job.source
        again.reason = job.reason ?? job.decision?.reason
        dirty.retryLater(again)
        let key = job.key
        let body: @Sendable () async -> Void = {
            await self.work.time.sleep(for: delay)
            self.dirty.wake(key)
        }
        Task(executorPreference: executor, operation: body)
    }

    func fail(_ job: Job, _ failure: ObjectFailure, began: Int64) {
        let mustGiveUp = work.tally.withLock { tally in
            tally.summary.failed += 1
            tally.progress.done.add(job.source?.size ?? 0)
            guard failure.isServerGone else { return false }
            tally.goneInARow += 1
            return tally.goneInARow >= 10
        }
        work.reportFailure(job, failure, began: began)
        dirty.settle(job.key)
        if mustGiveUp { abandon(failure) }
    }
}

extension Decision {
    var reason: Reason? {
        switch self {
        case .copy(let reason), .unproven(let reason): reason
        case .compareHeaders: .metadata
        case .compareContent: .content
        case .extra: .extra
        case .same: nil
        }
    }

    var action: ObjectReport.Action {
        switch self {
        case .copy, .compareContent: .copy
        case .compareHeaders: .metadata
        case .extra: .delete
        case .same, .unproven: .skip
        }
    }
}
