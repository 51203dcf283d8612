import Journal
import MirrorEngine
import ObjectModel
import Reactor
import Runtime
import S3
import S3Store
import Stores

/// One mirror of a watch: a pair of places, or all buckets of a server.
final class WatchedMirror: Sendable {
    private enum Kind: Sendable {
        case pair(MirrorWatch)
        case server(ServerWatch)
    }

    /// What all mirrors of a process share.
    struct Process: Sendable {
        let journal: Journal
        let copyThreads: CopyThreads
        let listingReactor = Reactor(name: "listings")
        /// Lets few mirrors read listings at once, so that many of them do not use the memory of many.
        let turnstile = Turnstile(places: 4, time: Machine.time)
    }

    /// A watch of one bucket, as it stands.
    struct Standing {
        /// Nil where the mirror is about one bucket.
        let bucket: String?
        let status: WatchStatus
    }

    let name: String
    let plan: MirrorPlan
    private let kind: Kind
    private let task = Mutex<Task<Void, Never>?>(nil)
    /// Where it is looked after.
    private let reactor: Reactor

    /// Small objects and relays of one mirror in memory: its own, so that one that hangs takes no memory from the others.
    private static let budget = 16 << 20

    init(_ name: String, _ plan: MirrorPlan, _ process: Process, log: WatchLog) {
        self.name = name
        self.plan = plan
        let reactors = process.copyThreads.all(usesTLS: plan.usesTLS)
        reactor = reactors[0]
        let budget = ByteBudget(capacity: Self.budget)
        if let pair = plan.namedPair {
            let log = log.mirror(name, bucket: nil, json: plan.options.json)
            kind = .pair(Self.watch(pair, plan, process, reactors, budget, isFed: false) { log.note($0) })
        } else {
            let server = log.mirror(name, bucket: nil, json: plan.options.json)
            let buckets = PlannedBuckets(plan: plan) { bucket, isFed in
                let log = log.mirror(name, bucket: bucket, json: plan.options.json)
                return Self.watch(plan.pair(bucket), plan, process, reactors, budget, isFed: isFed) { log.note($0) }
            }
            kind = .server(
                ServerWatch(
                    buckets, options: plan.options.watching, surroundings: Machine.surroundings, executor: reactor
                ) { server.note($0) })
        }
    }

    private static func watch(
        _ pair: MirrorPlan.Pair, _ plan: MirrorPlan, _ process: Process, _ reactors: [Reactor], _ budget: ByteBudget,
        isFed: Bool, observer: @escaping @Sendable (WatchEvent) -> Void
    ) -> MirrorWatch {
        MirrorWatch(
            source: pair.source, target: pair.target, options: plan.engineOptions, watch: plan.options.watching,
            stream: S3Changes(plan.sourceClient, bucket: pair.source.bucket, prefix: pair.source.prefix), isFed: isFed,
            journal: process.journal, budget: budget, surroundings: Machine.surroundings,
            executors: reactors, listingExecutor: process.listingReactor, turnstile: process.turnstile,
            observer: observer)
    }

    func start() {
        let body: @Sendable () async -> Void = { [kind] in
            switch kind {
            case .pair(let watch): await watch.run()
            case .server(let watch): await watch.run()
            }
        }
        let task = Task(executorPreference: reactor, operation: body)
        self.task.withLock { $0 = task }
    }

    /// Ends the mirror: what is in flight may go on for `patience`, then it is ended too.
    func stop(patience: Duration) async {
        guard let task = task.withLock({ $0 }) else { return }
        let limit: @Sendable () async -> Void = {
            await Machine.time.sleep(for: patience)
            if !Task.isCancelled { task.cancel() }
        }
        let timer = Task(executorPreference: reactor, operation: limit)
        switch kind {
        case .pair(let watch): await watch.stop()
        case .server(let watch): await watch.stop()
        }
        await task.value
        timer.cancel()
    }

    var standings: [Standing] {
        switch kind {
        case .pair(let watch): [Standing(bucket: nil, status: watch.status)]
        case .server(let watch):
            watch.watches.sorted { $0.key < $1.key }.map { Standing(bucket: $0.key, status: $0.value.status) }
        }
    }

    private var watches: [MirrorWatch] {
        switch kind {
        case .pair(let watch): [watch]
        case .server(let watch): Array(watch.watches.values)
        }
    }

    /// Why the server's buckets can't be listed, if so.
    var failure: String? {
        if case .server(let watch) = kind { return watch.failure }
        return nil
    }

    func requestReconcile() {
        for watch in watches { watch.requestReconcile() }
    }

    func resumeDeletes() async {
        for watch in watches { await watch.resumeDeletes() }
    }

    /// What the engine has done so far, and whether it has nothing to do but to wait.
    var progress: (count: Int, isWaiting: Bool) {
        var sum = 0
        var isWaiting = true
        for watch in watches {
            let progress = watch.progress
            sum += progress.count
            isWaiting = isWaiting && progress.isWaiting
        }
        let counters = [plan.sourceClient.counters, plan.targetClient.counters]
        for counter in counters {
            sum += Int(clamping: counter.relayedBytes) + counter.snapshot.reduce(0) { $0 + $1.count }
        }
        return (sum, isWaiting)
    }
}

/// The buckets of a plan that covers a server.
private struct PlannedBuckets: BucketDirectory {
    let plan: MirrorPlan
    let make: @Sendable (String, Bool) -> MirrorWatch

    func buckets() async throws(StoreError) -> [String] {
        do throws(S3Error) {
            return try await plan.sourceClient.listBuckets().map(\.name)
        } catch {
            throw StoreError(error)
        }
    }

    var stream: any ChangeStream { S3Changes(plan.sourceClient, bucket: nil) }

    func watch(_ bucket: String, isFed: Bool) -> MirrorWatch { make(bucket, isFed) }
}
