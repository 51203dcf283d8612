public import Journal
import ObjectModel
public import Reactor
public import Runtime
public import Stores

/// Keeps a target the same as a source for as long as it runs.
///
/// Level-triggered: events, polls and reconciles only mark keys dirty; every job looks at both sides as they are then.
/// What fails is tried until it succeeds. Safe from every thread; `run` is called once.
public final class MirrorWatch: Sendable {
    let work: MirrorWork
    let options: WatchOptions
    private let stream: any ChangeStream
    let overflow: Overflow
    let deletions: DeletionQueue
    let control: Mutex<Control>
    /// Wakes the reconciles' task, and the one that looks after retries.
    let reconcileBell: Bell
    let tickBell: Bell
    let executors: [any TaskExecutor]
    /// Where listings are read.
    private let listingExecutor: any TaskExecutor
    /// How many mirrors read listings at once.
    let turnstile: Turnstile
    let emit: @Sendable (WatchEvent) -> Void
    /// What all keys of the source begin with.
    private let prefix: ObjectKey
    private static let width = 128

    /// What is decided about the mirror as a whole.
    struct Control {
        var feed = WatchStatus.Feed.connecting
        var wanted: ReconcileReason? = .start
        /// A failed reconcile is not tried again before, in monotonic nanoseconds.
        var notBefore: Int64 = 0
        var nextScheduled: Int64 = .max
        /// While polling, the next time that headers are compared too.
        var nextHeaderCheck: Int64 = .max
        var isReconciling = false
        var hasBegunReconcile = false
        var failedReconciles = 0
        var pace: PollPace
        /// Whether what a wider stream tells is passed on.
        var isFed: Bool
        var isRunning = false
        var isStopping = false
        var isTargetReady = false
        var isTickerIdle = false
        var breaker = Breaker()
        var serverGone: String?
        var lastReconcile: Timestamp?
        var lastIdentical: Timestamp?
        /// Headers of objects modified since then may have changed unseen.
        var lastGood: Reconciler.LastGood?
        /// A reconcile that ended, and whose keys are not all settled: when it began, and when it ended (monotonic).
        var unproven: (start: Timestamp, startAtSource: Timestamp, ended: Int64)?
        /// Keys that had been found incomparable, or kept against the source, when it began: one more while they settle, and
        /// both sides are not identical.
        var incomparableBefore = 0
        var lastRecorded: Int64 = 0
        var lateWrites = LateWrites()
        /// The source was seen empty, or without its bucket, while the target had objects: until most of them are there
        /// again, or a person says so, their absence is believed only where an event told it.
        var sawEmptySource = false
        /// Why the last reconcile failed; nil once one has ended.
        var reconcileFailure: String?
        /// The process before this one did not end in order: what it had sent may arrive after the first reconcile, so
        /// that a second one follows soon.
        var needsSecondReconcile = false
        var objection: String?
        var isObjectionTold = false
        /// A person wants the deletions done that the next reconcile finds, however many they are.
        var isApproved = false
        var heldDeletes = 0
        var source = Amount()
        var failures = 0
        /// When a job last ended, and when a stuck server was last asked (monotonic).
        var lastProgress: Int64 = 0
        var lastProbe: Int64 = 0
        /// Counts what the engine does, for a watchdog.
        var progress = 0
        var reconcileTask: Task<Void, Never>?
        var feedTask: Task<Void, Never>?
    }

    /// - Parameters:
    ///   - stream: where changes of the source are told.
    ///   - isFed: whether it is not read here, because what a wider stream tells is passed on.
    ///   - journal: what is remembered, and where keys go that find no room; a temporary one forgets.
    ///   - executors: where the work is done, at least one.
    ///   - listingExecutor: where listings are read: one of its own, so that no change waits until the pages are parsed that
    ///     came before it.
    ///   - observer: called from any thread; must not block.
    public init(
        source: any ObjectStore, target: any ObjectStore, options: MirrorOptions, watch: WatchOptions,
        stream: any ChangeStream, isFed: Bool = false, journal: Journal, budget: ByteBudget,
        surroundings: Surroundings, executors: [any TaskExecutor],
        listingExecutor: any TaskExecutor, turnstile: Turnstile, observer: @escaping @Sendable (WatchEvent) -> Void
    ) {
        let mirror = MirrorWork.name(source, target)
        let dirty = DirtySet(width: options.maxWorkers ?? Self.width, depth: watch.depth, time: surroundings.time)
        let prefixLength = source.prefixLength
        let extras = ExtraSink()
        reconcileBell = Bell(surroundings.time)
        tickBell = Bell(surroundings.time)
        work = MirrorWork(
            source: source, target: target, options: options, journal: MirrorJournal(journal, mirror: mirror, time: surroundings.time),
            budget: budget, dirty: dirty, surroundings: surroundings, executor: executors[0], isWatching: true,
            observer: { event in
                switch event {
                case .object(let report):
                    let since = dirty.since(report.key.droppingFirst(prefixLength))
                    let lag = since.map { max(0, surroundings.time.now() - $0) } ?? 0
                    observer(.object(report, lag: .nanoseconds(lag)))
                case .notice(let text): observer(.notice(text))
                case .guarded(let reason): observer(.guarded(reason))
                }
            },
            takeExtra: { extra, job in try await extras.take(extra, job) })
        self.options = watch
        self.stream = stream
        overflow = Overflow(journal, mirror: mirror)
        control = Mutex(Control(pace: PollPace(base: watch.pollInterval), isFed: isFed))
        self.executors = executors
        self.listingExecutor = listingExecutor
        self.turnstile = turnstile
        emit = observer
        prefix = source.fullKey(ObjectKey(bytes: []))
        let work = work
        deletions = DeletionQueue(
            source: source, target: target, options: options, window: watch.deletionWindow,
            time: surroundings.time, executor: executors[0],
            targetCount: {
                work.tally.withLock { tally in
                    tally.target.leastObjects.map { DeletionQueue.Count(objects: $0, created: tally.created) }
                }
            },
            onPause: { reason in
                observer(.deletesPaused(reason))
                let body: @Sendable () async -> Void = { await work.journal.setFact("deletes-paused", reason) }
                Task(executorPreference: executors[0], operation: body)
            })
        extras.use { [unowned self] in try await delete($0, $1) }
        // Until the target's bucket is known to be there.
        dirty.setGate(isOpen: false)
    }

    /// What this mirror is called in the journal.
    public var name: String { work.journal.mirror }

    // MARK: Running

    /// Runs until `stop()`, and ends when what was in flight is done and what is left is saved. Cancelling the task ends
    /// what is in flight at once.
    public func run() async {
        await work.journal.acquireLock()
        await overflow.load()
        if let reason = await work.journal.fact("deletes-paused") {
            deletions.pause(reason)
            emit(.deletesPaused(reason))
        }
        if await work.journal.fact("empty-source") != nil { control.withLock { $0.sawEmptySource = true } }
        if await work.journal.fact("running") != nil { control.withLock { $0.needsSecondReconcile = true } }
        await work.journal.setFact("running", "1")
        let lastGood = await work.journal.headersKnownUntil(start: work.time.wall(), isDryRun: false)
            .map(Reconciler.LastGood.here)
        control.withLock { $0.lastGood = lastGood }
        _ = await work.journal.uploads()
        startTasks()
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.lookAfter() }
                await self.workJobs()
                group.cancelAll()
            }
        } onCancel: {
            deletions.cancel()
        }
        // It was cancelled, and must not touch uploads once the mirror is another's.
        await control.withLock { $0.reconcileTask }?.value
        // What was taken back, or told, after all was written down.
        await overflow.writeDown()
        await work.journal.flush()
        await work.journal.setFact("running", nil)
        work.journal.releaseLock()
    }

    private func startTasks() {
        let reconciles: @Sendable () async -> Void = { await self.reconcileForEver() }
        control.withLock { control in
            guard !control.isStopping else { return }
            control.isRunning = true
            control.reconcileTask = Task(executorPreference: listingExecutor, priority: .low, operation: reconciles)
        }
        if options.events == .poll { poll(because: "--events poll") } else { listen() }
    }

    /// Reads the stream, unless another one does.
    private func listen() {
        let feed: @Sendable () async -> Void = { [stream, options, work] in
            await ChangeFeed(stream, retry: options.listenRetry, work.surroundings) { self.take($0) }.run()
        }
        control.withLock { control in
            guard control.isRunning, !control.isStopping, !control.isFed, control.feedTask == nil else { return }
            control.feedTask = Task(executorPreference: executors[0], operation: feed)
        }
    }

    /// Whether what a wider stream tells is passed on from now on.
    func setFed(_ isFed: Bool) {
        let task = control.withLock { control -> Task<Void, Never>? in
            control.isFed = isFed
            guard isFed else { return nil }
            defer { control.feedTask = nil }
            return control.feedTask
        }
        task?.cancel()
        if !isFed, options.events != .poll { listen() }
    }

    /// Ends the watch: nothing new is begun, and what is left is written down.
    public func stop() async {
        let tasks = control.withLock { control in
            control.isStopping = true
            return [control.reconcileTask, control.feedTask].compactMap(\.self)
        }
        for task in tasks { task.cancel() }
        for (job, since) in work.dirty.close() { _ = overflow.add(pending(job, since: since)) }
        await overflow.writeDown()
        reconcileBell.ring()
        tickBell.ring()
    }

    var isStopping: Bool { control.withLock { $0.isStopping } }

    // MARK: What is told from outside

    /// Reads both listings now.
    public func requestReconcile() { want(.request) }

    /// Lets deletions go on that a guard paused or held back: they are found anew, and not measured this time. A source
    /// that is empty still empties nothing.
    public func resumeDeletes() async {
        let isPaused = deletions.paused != nil
        let isDue = control.withLock { control in
            control.isApproved = isPaused || control.objection != nil
            return control.isApproved
        }
        guard isDue else { return }
        deletions.resume()
        if isPaused { await work.journal.setFact("deletes-paused", nil) }
        emit(.deletesResumed)
        want(.request)
    }

    /// What a reader of the stream tells.
    func take(_ signal: ChangeFeed.Signal) {
        switch signal {
        case .live:
            let isNew = control.withLock { control in
                defer { control.feed = .listening }
                return control.feed != .listening
            }
            guard isNew else { return }
            emit(.listening)
            want(.gap)
        case .lost(let reason):
            let isNew = control.withLock { control in
                guard control.feed == .listening || control.feed == .connecting else { return false }
                control.feed = .lost
                return true
            }
            if isNew { emit(.streamLost(reason)) }
        case .unavailable(let reason):
            if options.events == .auto {
                poll(because: reason)
            } else {
                take(.lost(reason))
            }
        case .events(let events): note(events)
        }
    }

    /// Finds changes by comparing the listings from now on.
    private func poll(because reason: String) {
        let interval = control.withLock { control -> Duration? in
            guard control.feed != .polling else { return nil }
            control.feed = .polling
            control.nextScheduled = 0
            return control.pace.interval
        }
        guard let interval else { return }
        emit(.polling(interval: interval, reason: reason))
        reconcileBell.ring()
    }

    func want(_ reason: ReconcileReason) {
        control.withLock { control in
            // The first reconcile is the one at the start, whatever brings it about; but what a person asks for does not
            // wait for the stream.
            if control.wanted != .start || reason == .request { control.wanted = reason }
            if reason == .request { control.notBefore = 0 }
        }
        reconcileBell.ring()
    }

    private func note(_ events: [KeyChange]) {
        let now = work.time.now()
        var isFull = false
        var mustTick = false
        for event in events {
            for full in event.keys where full.hasPrefix(prefix) {
                let key = full.droppingFirst(work.source.prefixLength)
                guard work.isInScope(key) else { continue }
                var job = Job(key: key)
                job.isRemoval = event.kind == .removed
                guard !work.dirty.offer(job, since: now) else { continue }
                mustTick = true
                let pending = PendingKey(key: key, since: work.time.wall(), isRemoval: job.isRemoval)
                if !overflow.add(pending) { isFull = true }
            }
        }
        if mustTick { tickBell.ring() }
        if isFull { want(.gap) }
    }
}

/// Passes on what only the target has to an owner that is made later.
private final class ExtraSink: Sendable {
    private let sink = Mutex<(@Sendable (Extra, Job) async throws -> Void)?>(nil)

    func use(_ sink: @escaping @Sendable (Extra, Job) async throws -> Void) {
        self.sink.withLock { $0 = sink }
    }

    func take(_ extra: Extra, _ job: Job) async throws {
        guard let sink = sink.withLock({ $0 }) else { return }
        try await sink(extra, job)
    }
}
