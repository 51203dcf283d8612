import Journal
import MirrorEngine
import ObjectModel
import Reactor
import Runtime
import Stores

/// One process that mirrors: a watch or a run, from its start to its end, however that comes.
// @unchecked: confined to the one thread that runs its world.
final class Instance: @unchecked Sendable {
    enum Kind {
        case watch, run
    }

    let kind: Kind
    let process: Process
    let source: WorldStore
    let target: WorldStore
    /// Nil keeps no state.
    let statePath: String?
    let began: Int64
    private(set) var watch: MirrorWatch?
    private(set) var run: MirrorRun?
    private(set) var journal: Journal?
    private(set) var summary: MirrorSummary?
    private(set) var isEnded = false
    private var task: Task<Void, Never>?
    private let options: MirrorOptions
    private let watchOptions: WatchOptions
    /// When each reconcile began, by its own wall clock.
    private(set) var reconciles: [Timestamp: Int64] = [:]
    /// When the last reconcile began that came to its end.
    private(set) var lastWhole: Int64 = 0
    private var lastBegun: Int64 = 0
    /// What it claimed last to be identical as of.
    var lastClaim: Timestamp?
    private let onEnd: (Instance) -> Void
    private var world: World { process.world }

    init(
        _ kind: Kind, process: Process, source: WorldStore, target: WorldStore, plan: Plan, statePath: String?,
        onEnd: @escaping (Instance) -> Void
    ) {
        self.kind = kind
        self.process = process
        self.source = source
        self.target = target
        self.statePath = statePath
        self.onEnd = onEnd
        options = plan.options
        watchOptions = plan.watch
        began = process.world.now
        world.story?.note(nil, "process \(process.id): a \(kind) begins\(statePath == nil ? " without state" : "")")
        let body: @Sendable () async -> Void = { await self.live() }
        task = Task(executorPreference: process, operation: body)
    }

    private func live() async {
        await mirror()
        guard !process.isDead else { return }
        isEnded = true
        world.story?.note(
            nil,
            "process \(process.id): it ended\(summary.map { ", \($0.status)\($0.error.map { ": \($0)" } ?? "")" } ?? "")"
        )
        onEnd(self)
    }

    private func mirror() async {
        do {
            if let statePath {
                FreshState.make(statePath)
                journal = try await Journal.open(path: statePath, executor: process.queue)
            } else if kind == .watch {
                journal = try await Journal.inMemory(executor: process.queue)
            }
        } catch {
            world.story?.note(nil, "process \(process.id): \(error)")
            return
        }
        defer { closeJournal() }
        guard !process.isDead else { return }
        let budget = ByteBudget(capacity: 64 << 20)
        if kind == .watch, let journal {
            let watch = MirrorWatch(
                source: source, target: target, options: options, watch: watchOptions, stream: WorldFeed(source),
                journal: journal, budget: budget, surroundings: process.surroundings, executors: [process],
                listingExecutor: process, turnstile: Turnstile(places: 1, time: process.time)
            ) { self.hear($0) }
            self.watch = watch
            await watch.run()
        } else {
            let run = MirrorRun(
                source: source, target: target, options: options, journal: journal, budget: budget,
                surroundings: process.surroundings, executors: [process]
            ) { self.hear($0) }
            self.run = run
            summary = await run.run()
        }
    }

    private func hear(_ event: MirrorEvent) {
        guard !process.isDead, let story = world.story else { return }
        switch event {
        case .object(let report): story.note(report.key, "process \(process.id): \(Self.words(report))")
        case .notice(let text): story.note(nil, "process \(process.id): \(text)")
        case .guarded(let text): story.note(nil, "process \(process.id): guarded: \(text)")
        }
    }

    private func hear(_ event: WatchEvent) {
        guard !process.isDead else { return }
        switch event {
        case .reconcileBegan:
            reconciles[process.time.wall()] = world.now
            lastBegun = world.now
        case .reconcileEnded: lastWhole = lastBegun
        default: break
        }
        guard let story = world.story else { return }
        switch event {
        case .object(let report, _): story.note(report.key, "process \(process.id): \(Self.words(report))")
        case .retry(let key, let error, let attempt):
            story.note(key, "process \(process.id): retry after \(attempt): \(error)")
        default: story.note(nil, "process \(process.id): \(Self.words(event))")
        }
    }

    private static func words(_ event: WatchEvent) -> String {
        switch event {
        case .reconcileBegan(let reason): "reconcile begins (\(reason))"
        case .reconcileEnded(let outcome):
            "reconcile ends: source \(outcome.source.objects), target \(outcome.target.objects), different "
                + "\(outcome.different), extra \(outcome.extra)\(outcome.isHeld ? ", held" : "")"
        case .reconcileFailed(let error): "reconcile failed: \(error)"
        case .polling(_, let reason): "polling: \(reason)"
        default: "\(event)"
        }
    }

    private static func words(_ report: ObjectReport) -> String {
        "\(report.action) \(report.status) (\(report.reason))\(report.error.map { ": \($0)" } ?? "")"
    }

    private func closeJournal() { journal?.assumeIsolated { $0.close() } }

    /// As `kill -9` does: what it was about to do is not done.
    func kill() {
        guard !isEnded else { return }
        world.story?.note(nil, "process \(process.id): killed")
        isEnded = true
        process.die {
            closeJournal()
            run?.interrupt()
            if let watch {
                let body: @Sendable () async -> Void = { await watch.stop() }
                Task(executorPreference: process, operation: body)
            }
            task?.cancel()
        }
    }

    /// As SIGTERM does.
    func end() {
        guard !isEnded else { return }
        world.story?.note(nil, "process \(process.id): told to end")
        run?.interrupt()
        if let watch {
            let body: @Sendable () async -> Void = { await watch.stop() }
            Task(executorPreference: process, operation: body)
        } else if run == nil {
            // Not even begun.
            kill()
        }
    }

    /// Lets its state be readable and no more.
    func forbidWriting() {
        guard let journal, !isEnded else { return }
        try? journal.assumeIsolated { try $0.forbidWriting() }
    }

    /// Lets its disk be full from now on.
    func fillDisk() {
        guard let journal, !isEnded else { return }
        try? journal.assumeIsolated { try $0.forbidGrowth() }
    }
}
