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
    let stream: any ChangeStream
    let overflow: Overflow
    /// What feeds that remember wait to hear of.
    let acknowledgements = Acknowledgements()
    let deletions: DeletionQueue
    let facts: FactLedger
    /// What the watch is at present; changed by `apply` alone.
    let guarded: Mutex<Guarded>
    /// The reconciles that the state begins, one at a time.
    let begun: AsyncStream<WatchEffect.Preparation>.Continuation
    private let beginnings: AsyncStream<WatchEffect.Preparation>
    /// Wakes what looks after the keys, and what wakes the state.
    let tickBell: Bell
    let alarmBell: Bell
    /// Whether what looks after the keys has nothing to do.
    let isTickerIdle = Mutex(false)
    /// Readers of streams that are taking events in.
    let hearing = Mutex(0)
    let executors: [any TaskExecutor]
    /// Where listings are read.
    private let listingExecutor: any TaskExecutor
    /// How many mirrors read listings at once.
    let turnstile: Turnstile
    let emit: @Sendable (WatchEvent) -> Void
    /// What all keys of the source begin with.
    private let prefix: ObjectKey
    private static let width = 128

    /// - Parameters:
    ///   - stream: where changes of the source are told.
    ///   - isFed: whether it is not read here, because what a wider stream tells is passed on.
    ///   - journal: what is remembered, and where keys go that find no room; a temporary one forgets.
    ///   - executors: where the work is done, at least one.
    ///   - listingExecutor: where listings are read: one of its own, so that no change waits until the pages are
    ///     parsed that came before it.
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
        let owner = Owner()
        tickBell = Bell(surroundings.time)
        alarmBell = Bell(surroundings.time)
        work = MirrorWork(
            source: source, target: target, options: options,
            journal: MirrorJournal(journal, mirror: mirror, time: surroundings.time),
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
            takeExtra: { extra, job in try await owner.watch?.delete(extra, job) })
        self.options = watch
        self.stream = stream
        overflow = Overflow(journal, mirror: mirror, acknowledgements, time: surroundings.time)
        facts = FactLedger(work.journal, executor: executors[0])
        let rules = WatchState.Rules(watch: watch, deletionGuard: options.deletionGuard)
        guarded = Mutex(
            Guarded(
                state: WatchState(rules, isFed: isFed, now: surroundings.time.now()),
                random: SeededGenerator(seed: surroundings.chance.draw { $0.next() })))
        (beginnings, begun) = AsyncStream.makeStream()
        self.executors = executors
        self.listingExecutor = listingExecutor
        self.turnstile = turnstile
        emit = observer
        prefix = source.fullKey(ObjectKey(bytes: []))
        deletions = DeletionQueue(
            source: source, target: target, options: options, executor: executors[0],
            admit: { owner.watch?.admit($0) ?? .unknown },
            ended: { owner.watch?.deletionsEnded($0, $1) })
        owner.watch = self
        // Until the target's bucket is known to be there.
        dirty.setGate(isOpen: false)
    }

    /// What this mirror is called in the journal.
    public var name: String { work.journal.mirror }

    // MARK: Running

    /// Runs until `stop()`, and ends when what was in flight is done and what is left is saved. Cancelling the task
    /// ends what is in flight at once.
    public func run() async {
        await work.journal.acquireLock()
        await overflow.load()
        let memory = await memory()
        await work.journal.setFact(Self.running, "1")
        _ = await work.journal.uploads()
        startReconciles()
        apply(.start(memory))
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.lookAfter() }
                group.addTask { await self.keepTime() }
                await self.workJobs()
                group.cancelAll()
            }
        } onCancel: {
            deletions.cancel()
            guarded.withLock { $0.reconcileTask }?.cancel()
        }
        // It was cancelled, and must not touch uploads once the mirror is another's.
        await guarded.withLock { $0.reconcileTask }?.value
        // What was taken back, or told, after all was written down.
        await overflow.writeDown()
        await work.journal.flush()
        await facts.flush()
        // A write without an answer may still come: then the next process reads twice, as after one that was killed.
        let mayWriteLate = !guarded.withLock { $0.state.health.lateWrites.isEmpty }
        if !mayWriteLate, work.target.takeUnanswered().isEmpty { await work.journal.setFact(Self.running, nil) }
        work.journal.releaseLock()
    }

    /// The fact that a process works, or did not end in order.
    private static let running = "running"

    private func memory() async -> WatchInput.Memory {
        WatchInput.Memory(
            paused: await work.journal.fact(WatchEffect.Fact.deletesPaused.rawValue),
            sawEmptySource: await work.journal.fact(WatchEffect.Fact.emptySource.rawValue) != nil,
            wasKilled: await work.journal.fact(Self.running) != nil,
            lastGood: await work.journal.headersKnownUntil(start: work.time.wall(), isDryRun: false))
    }

    private func startReconciles() {
        let body: @Sendable () async -> Void = { [beginnings] in await self.reconcileForEver(beginnings) }
        guarded.withLock { guarded in
            guard !guarded.state.isStopping else { return }
            guarded.reconcileTask = Task(executorPreference: listingExecutor, priority: .low, operation: body)
        }
    }

    /// Ends the watch: nothing new is begun, and what is left is written down.
    public func stop() async {
        apply(.stop)
        guarded.withLock { $0.reconcileTask }?.cancel()
        for (job, since) in work.dirty.close() { _ = overflow.add(pending(job, since: since)) }
        await overflow.writeDown()
        tickBell.ring()
        alarmBell.ring()
    }

    var isStopping: Bool { guarded.withLock { $0.state.isStopping } }

    // MARK: What is told from outside

    /// Reads both listings now.
    public func requestReconcile() { apply(.request) }

    /// Lets deletions go on that a guard paused or held back: they are found anew, and so many as are held now are not
    /// measured this time. A source that is empty still empties nothing.
    public func resumeDeletes() async {
        apply(.approve(created: work.tally.withLock { $0.created }))
        await facts.flush()
    }

    /// Whether what a wider stream tells is passed on from now on.
    func setFed(_ isFed: Bool) { apply(.fed(isFed)) }

    /// What a reader of the stream tells: the own one of this number, or a wider one.
    func take(_ signal: ChangeFeed.Signal, from number: Int? = nil) {
        switch signal {
        case .live:
            // What is being copied may have gone from the source unheard; the listings to come may lack it on both sides.
            work.dirty.markInFlight()
            apply(.feed(.live, number: number))
        case .lost(let reason): apply(.feed(.lost(reason), number: number))
        case .unavailable(let reason): apply(.feed(.unavailable(reason), number: number))
        case .events(let events): note(events)
        }
    }

    private func note(_ events: [KeyChange]) {
        hearing.withLock { $0 += 1 }
        defer { hearing.withLock { $0 -= 1 } }
        let now = work.time.now()
        var mustTick = false
        for event in events {
            // Where no key of it is this mirror's, it is done with here.
            event.acknowledgement?.hold()
            defer { event.acknowledgement?.letGo() }
            for full in event.keys where full.hasPrefix(prefix) {
                let key = full.droppingFirst(work.source.prefixLength)
                guard work.isInScope(key) else { continue }
                if let acknowledgement = event.acknowledgement { acknowledgements.hold(acknowledgement, for: key) }
                var job = Job(key: key)
                job.isRemoval = event.kind == .removed
                guard !work.dirty.offer(job, since: now) else { continue }
                mustTick = true
                putAside(PendingKey(key: key, since: overflow.date(now), isRemoval: job.isRemoval))
            }
        }
        if mustTick { tickBell.ring() }
    }
}

/// Who asks and is told, for what is made before it.
private final class Owner: Sendable {
    private struct Weak {
        weak var watch: MirrorWatch?
    }

    private let reference = Mutex(Weak())

    var watch: MirrorWatch? {
        get { reference.withLock { $0.watch } }
        set { reference.withLock { $0.watch = newValue } }
    }
}
