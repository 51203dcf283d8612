public import Journal
import ObjectModel
import Runtime
public import S3
public import Stores

/// Makes a target the same as a source once: one reconcile, and all the jobs that it brings, until every key is settled.
///
/// Safe from every thread; `run` is called once.
public final class MirrorRun: Sendable {
    let source: any ObjectStore
    let target: any ObjectStore
    let options: MirrorOptions
    let journal: MirrorJournal
    let budget: ByteBudget
    let dirty: DirtySet
    let tally = Mutex(Tally())
    let settings = Mutex(Settings())
    let listingTrust = ListingTrust()
    /// Keys that only the target has, until both listings are known to be whole.
    let extras = KeySpill()
    private let reactors: [Reactor]
    /// What the target's client had relayed before this run.
    private let relayedBefore: Int64
    private let observer: @Sendable (MirrorEvent) -> Void
    private let interruption = Mutex(Interruption())

    /// Jobs in flight at most; the servers' concurrency limits let fewer through.
    private static let width = 128

    private struct Interruption {
        var isRequested = false
        var task: Task<Void, Never>?
    }

    /// What a run counts. All of it is under one lock: it is touched a few times an object.
    struct Tally {
        var summary = MirrorSummary()
        var progress = MirrorProgress()
        /// In scope, as the target's listing had it.
        var listedTarget = Amount()
        /// What this run added to the target; negative where it took more away.
        var targetChange = Amount()
        /// Bytes of objects that were sent in one piece.
        var heldBytes: Int64 = 0
        /// Keys that two listings alone show to be the same.
        var plainlySame = 0
        /// Objects that failed for good because a server was away, since the last one that succeeded.
        var goneInARow = 0
        /// Names that the target's aliases of source keys go by: never extras.
        var shadows: Set<ObjectKey> = []
    }

    /// - Parameters:
    ///   - journal: what is remembered between runs; nil remembers nothing.
    ///   - budget: what all transfers of the process hold in memory.
    ///   - reactors: where the work is done, at least one.
    ///   - observer: called from any thread, one call at a time for an object, and must not block.
    public init(
        source: any ObjectStore, target: any ObjectStore, options: MirrorOptions, journal: Journal?,
        budget: ByteBudget, reactors: [Reactor], observer: @escaping @Sendable (MirrorEvent) -> Void
    ) {
        self.source = source
        self.target = target
        self.options = options
        self.journal = MirrorJournal(journal, mirror: "\(source.identity) → \(target.identity)")
        self.budget = budget
        self.reactors = reactors
        relayedBefore = target.counters.relayedBytes
        self.observer = observer
        dirty = DirtySet(width: options.maxWorkers ?? Self.width)
    }

    /// How far the run is.
    public var progress: MirrorProgress {
        let counts = dirty.counts
        let relayed = target.counters.relayedBytes - relayedBefore
        return tally.withLock { tally in
            var progress = tally.progress
            progress.inFlight = counts.inFlight
            // Of relays that are under way, what is sent already; a relay that failed is not counted twice.
            progress.done.bytes = min(progress.known.bytes, max(progress.done.bytes, tally.heldBytes + relayed))
            return progress
        }
    }

    /// Ends the run soon: what is in flight is cancelled, uploads are left resumable or aborted, state is saved.
    public func interrupt() {
        let task = interruption.withLock { state in
            state.isRequested = true
            return state.task
        }
        dirty.clear()
        task?.cancel()
    }

    var isInterrupted: Bool { interruption.withLock { $0.isRequested } }

    /// Runs to the end; failures are in the summary.
    public func run() async -> MirrorSummary {
        let began = MonotonicClock.nanoseconds()
        let requestsBefore = requestCounts()
        let start = WallClock.now()
        let id = options.isDryRun ? nil : await journal.startRun(at: start)
        let body: @Sendable () async -> Void = { await self.work(start: start) }
        let task = Task(executorPreference: reactors[0], operation: body)
        let isInterrupted = interruption.withLock { state in
            state.task = task
            return state.isRequested
        }
        if isInterrupted { task.cancel() }
        await task.value
        var summary = finalSummary()
        summary.seconds = Double(MonotonicClock.nanoseconds() - began) / 1e9
        summary.requests = requestCounts().filter { $0.value > 0 }
        for (verb, count) in requestsBefore { summary.requests[verb]? -= count }
        summary.requests = summary.requests.filter { $0.value > 0 }
        await journal.flush()
        await journal.finishRun(id, summary: summary.json.object, status: summary.status.rawValue)
        if let failure = journal.failure {
            notice("State could not be kept: \(failure) The next run does some work again.")
        }
        return summary
    }

    private func requestCounts() -> [RequestVerb: Int] {
        var counts = Dictionary(uniqueKeysWithValues: source.counters.snapshot.map { ($0.verb, $0.count) })
        if source.counters !== target.counters {
            for entry in target.counters.snapshot { counts[entry.verb, default: 0] += entry.count }
        }
        return counts
    }

    private func finalSummary() -> MirrorSummary {
        var summary = tally.withLock { tally in
            var summary = tally.summary
            summary.target = tally.listedTarget + tally.targetChange
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

    private func work(start: Timestamp) async {
        let reconciler = Reconciler(self, start: start)
        await withDiscardingTaskGroup { group in
            group.addTask {
                do {
                    try await reconciler.run()
                } catch {
                    self.abandon(error)
                }
                self.tally.withLock { $0.progress.isListed = true }
                self.dirty.end()
            }
            var turn = 0
            while let job = await dirty.next() {
                let reactor = reactors[turn % reactors.count]
                turn += 1
                group.addTask(executorPreference: reactor) { await self.perform(job, on: reactor) }
            }
        }
        guard !isInterrupted else { return }
        if tally.withLock({ $0.summary.error }) == nil, await extras.count > 0 {
            do {
                try await Deleter(self).run()
            } catch {
                abandon(error)
            }
        }
        if !options.isDryRun, !isInterrupted {
            await UploadSweeper(target: target, journal: journal).sweep()
        }
    }

    /// The run can't be finished, because of `error`. What is in flight goes on, unless a server is away.
    func abandon(_ error: any Error) {
        if isInterrupted || error is CancellationError { return }
        let failure = ObjectFailure(error)
        tally.withLock { tally in
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

    func notice(_ text: String) {
        observer(.notice(text))
    }

    func noteGuard(_ objection: String) {
        observer(.guarded(objection))
    }

    func report(_ report: ObjectReport) {
        observer(.object(report))
    }

    // MARK: One job

    private func perform(_ job: Job, on reactor: Reactor) async {
        let began = MonotonicClock.nanoseconds()
        do {
            let worker = JobWorker(run: self, job: job, began: began)
            try await worker.perform()
            tally.withLock { tally in
                tally.goneInARow = 0
                let size = job.source?.size ?? 0
                tally.progress.done.add(size)
                if size <= Int64(ObjectCopier.heldLimit) { tally.heldBytes += size }
            }
            dirty.settle(job.key)
        } catch {
            let failure = ObjectFailure(error)
            if isInterrupted {
                dirty.settle(job.key)
            } else if failure.isTransient, job.attempt + 1 < options.attempts {
                tryLater(job, on: reactor)
            } else {
                fail(job, failure, began: began)
            }
        }
    }

    /// Backs off without holding a place, then looks at both sides anew.
    private func tryLater(_ job: Job, on reactor: Reactor) {
        var random = SystemRandomNumberGenerator()
        let delay = options.backoff.delay(attempt: job.attempt, using: &random)
        var again = Job(key: job.key)
        again.attempt = job.attempt + 1
        // Not to decide by, only to report.
        again.source = job.source
        again.reason = job.reason ?? job.decision?.reason
        dirty.backOff(job.key)
        let retry = again
        let body: @Sendable () async -> Void = {
            await Reactor.sleep(for: delay)
            self.dirty.retry(retry)
        }
        Task(executorPreference: reactor, operation: body)
    }

    func fail(_ job: Job, _ failure: ObjectFailure, began: Int64) {
        let mustGiveUp = tally.withLock { tally in
            tally.summary.failed += 1
            tally.progress.done.add(job.source?.size ?? 0)
            guard failure.isServerGone else { return false }
            tally.goneInARow += 1
            return tally.goneInARow >= 10
        }
        let decision = job.decision ?? .copy(job.reason ?? .missing)
        report(
            ObjectReport(
                action: decision.action, key: source.fullKey(job.key), size: job.source?.size, etag: job.source?.etag,
                status: .failed, reason: decision.reason ?? .missing, error: "\(failure)",
                seconds: Double(MonotonicClock.nanoseconds() - began) / 1e9))
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
