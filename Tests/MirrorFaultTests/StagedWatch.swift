import Glibc
import Journal
import ObjectModel
import Reactor
import Runtime
import S3Sandbox
import S3Store
import Stores
import TestSupport
import Testing

@testable import MirrorEngine
@testable import S3

/// A watch from a stage's source to its target, and what it tells.
final class StagedWatch: Sendable {
    /// With what a watch is made. Intervals are those of a test.
    struct Settings {
        var mirror = MirrorOptions()
        var watch = WatchOptions()
        /// Of both sides.
        var prefix: ObjectKey = ""
        /// Nil for one that forgets.
        var journal: Journal?
        var turnstile = Turnstile(places: 4, time: SystemTime())
        /// Of streams, from the start on.
        var refusal: StoreError.Kind?
        /// How long answers are waited for.
        var firstByte = Duration.milliseconds(1500)
        var reactor = StagedWatch.nextReactor()

        init() {
            mirror.removes = true
            watch.pollInterval = .milliseconds(100)
        }
    }

    let stage: Stage
    let watch: MirrorWatch
    let tap: Tap
    let told = Told()
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let reactor: Reactor
    static let reactor = Reactor(name: "watch-tests")
    /// Several, so that a watch which is busy holds few others up.
    private static let pool = (0..<6).map { Reactor(name: "watch-tests-\($0)") }
    private static let turn = Mutex(0)

    private static func nextReactor() -> Reactor {
        turn.withLock { turn in
            turn += 1
            return pool[turn % pool.count]
        }
    }

    init(_ stage: Stage, _ settings: Settings) async throws {
        self.stage = stage
        reactor = settings.reactor
        let source = stage.store(
            stage.source, "source", prefix: settings.prefix, firstByte: settings.firstByte)
        let tap = Tap(S3Changes(source.client, bucket: Stage.bucket, prefix: source.prefix))
        self.tap = tap
        tap.refuse(settings.refusal)
        let journal: Journal
        if let given = settings.journal { journal = given } else { journal = try await Journal.temporary() }
        watch = MirrorWatch(
            source: source,
            target: stage.store(stage.target, "target", prefix: settings.prefix, firstByte: settings.firstByte),
            options: settings.mirror, watch: settings.watch, stream: tap, journal: journal,
            budget: ByteBudget(capacity: 20 << 20), surroundings: .system, executors: [settings.reactor],
            listingExecutor: Self.nextReactor(), turnstile: settings.turnstile
        ) { [told] in told.add($0) }
    }

    /// What a watch told, in order.
    final class Told: Sendable {
        private let events = Mutex<[WatchEvent]>([])

        func add(_ event: WatchEvent) { events.withLock { $0.append(event) } }

        var all: [WatchEvent] { events.withLock { $0 } }

        func count(_ isMeant: (WatchEvent) -> Bool) -> Int { all.count(where: isMeant) }

        var reports: [ObjectReport] {
            all.compactMap { event in if case .object(let report, _) = event { report } else { nil } }
        }

        /// Why the reconciles that began were made.
        var reconciles: [ReconcileReason] {
            all.compactMap { event in if case .reconcileBegan(let reason) = event { reason } else { nil } }
        }

        var outcomes: [ReconcileOutcome] {
            all.compactMap { event in if case .reconcileEnded(let outcome) = event { outcome } else { nil } }
        }

        var guarded: [String] {
            all.compactMap { event in if case .guarded(let reason) = event { reason } else { nil } }
        }

        var pauses: [String] {
            all.compactMap { event in if case .deletesPaused(let reason) = event { reason } else { nil } }
        }

        var serverGone: Int { count { if case .serverGone = $0 { true } else { false } } }
        var serverBack: Int { count { if case .serverBack = $0 { true } else { false } } }
        var polling: Int { count { if case .polling = $0 { true } else { false } } }
        var listening: Int { count { if case .listening = $0 { true } else { false } } }
        var streamLost: Int { count { if case .streamLost = $0 { true } else { false } } }
    }

    var status: WatchStatus { watch.status }

    func start() {
        let body: @Sendable () async -> Void = { [watch] in await watch.run() }
        task.withLock { $0 = Task(executorPreference: reactor, operation: body) }
    }

    /// Ends it as SIGTERM does, and waits until everything is done.
    func stop() async {
        await watch.stop()
        await task.withLock { $0 }?.value
    }

    /// Ends what is in flight too.
    func cancel() { task.withLock { $0 }?.cancel() }

    // MARK: Waiting

    /// Waits until `isDone`, and records an issue where that takes longer than `limit`.
    func until(
        _ what: String, within limit: Duration = Patience.limit, _ isDone: () throws -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await Patience.until("\(what). \(status)", within: limit, isDone, sourceLocation: sourceLocation)
    }

    /// Waits until the stream is live and the reconcile that it brings has ended.
    func untilWatching(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await until(
            "listening and reconciled",
            {
                self.status.feed == .listening && self.status.lastIdentical != nil && self.status.pending == 0
            },
            sourceLocation: sourceLocation)
    }

    /// Waits until both sides hold the same.
    func untilSame(
        within limit: Duration = Patience.limit, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await until(
            "both sides the same", within: limit, { try self.stage.differences() == [] }, sourceLocation: sourceLocation
        )
    }

    /// Waits until nothing is pending and no reconcile runs.
    func untilQuiet(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await until(
            "nothing pending", { self.status.pending == 0 && self.status.lag == nil && !self.status.isReconciling },
            sourceLocation: sourceLocation)
    }

    /// Waits until a reconcile that begins from now on says that nothing differs.
    func untilProven(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let known = told.outcomes.count
        try await until(
            "a reconcile that finds nothing",
            {
                // The next one to end may have begun already.
                self.told.outcomes.dropFirst(known + 1).contains { $0.different == 0 && $0.extra == 0 }
            },
            sourceLocation: sourceLocation)
    }

    /// Lets the watch do what it likes for a while.
    func pass(_ duration: Duration) async throws { try await Task.sleep(for: duration) }
}

extension Stage {
    /// Runs a watch for as long as `body`, and ends it in order.
    func watched(
        _ configure: (inout StagedWatch.Settings) -> Void = { _ in }, _ body: (StagedWatch) async throws -> Void
    ) async throws {
        var settings = StagedWatch.Settings()
        configure(&settings)
        let watch = try await StagedWatch(self, settings)
        watch.start()
        do {
            try await body(watch)
        } catch {
            await watch.stop()
            if !(error is WaitedInVain) { throw error }
            return
        }
        await watch.stop()
    }

    /// Starts a server again that was stopped, on its port and with its objects.
    func revive(_ server: Sandbox) async throws -> Sandbox {
        var options = Sandbox.Options()
        options.port = server.port
        options.storage = .table(server.store.table)
        options.behaviour = server.behaviour
        for _ in 0..<200 {
            if let revived = try? Sandbox.start(options) { return revived }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try Sandbox.start(options)
    }
}

/// A stream of changes that a test can cut, refuse and tamper with.
final class Tap: ChangeStream {
    private struct State {
        var refusal: StoreError.Kind?
        var change: @Sendable ([KeyChange]) -> [KeyChange] = { $0 }
        var streams: [Int: Task<StoreError, Never>] = [:]
        var begun = 0
    }

    private let inner: any ChangeStream
    private let state = Mutex(State())

    init(_ inner: any ChangeStream) {
        self.inner = inner
    }

    /// Streams asked for so far.
    var begun: Int { state.withLock { $0.begun } }

    /// Refuses streams from now on, with this kind of error; nil lets them through again.
    func refuse(_ kind: StoreError.Kind?) { state.withLock { $0.refusal = kind } }

    /// What becomes of the events that come.
    func change(_ change: @escaping @Sendable ([KeyChange]) -> [KeyChange]) {
        state.withLock { $0.change = change }
    }

    /// Breaks the stream that is open.
    func cut() {
        for task in state.withLock({ Array($0.streams.values) }) { task.cancel() }
    }

    static func error(_ kind: StoreError.Kind) -> StoreError {
        StoreError(
            kind, server: "http://192.0.2.1:9000", operation: "ListenBucketNotification", bucket: Stage.bucket,
            message: "the test's will")
    }

    func listen(
        onLive: @escaping @Sendable () -> Void, onChanges: @escaping @Sendable ([KeyChange]) -> Void
    ) async throws(StoreError) -> Never {
        let (refusal, number) = state.withLock { state in
            state.begun += 1
            return (state.refusal, state.begun)
        }
        if let refusal { throw Self.error(refusal) }
        let body: @Sendable () async -> StoreError = { [inner, self] in
            do throws(StoreError) {
                try await inner.listen(
                    onLive: onLive,
                    onChanges: { events in
                        let events = self.state.withLock { $0.change }(events)
                        if !events.isEmpty { onChanges(events) }
                    })
            } catch {
                return error
            }
        }
        let task = Task(executorPreference: Reactor.required(), operation: body)
        state.withLock { $0.streams[number] = task }
        let error = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        state.withLock { $0.streams[number] = nil }
        throw error.kind == .cancelled ? Self.error(.interrupted) : error
    }
}
