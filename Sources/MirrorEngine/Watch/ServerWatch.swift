import ObjectModel
public import Runtime
public import Stores

/// What a watch over all buckets of a server needs to know of them.
public protocol BucketDirectory: Sendable {
    /// The buckets that there are now.
    func buckets() async throws(StoreError) -> [String]
    /// The stream of changes in all buckets.
    var stream: any ChangeStream { get }
    /// A watch over one bucket. Where `isFed`, the stream of all buckets is passed on to it.
    func watch(_ bucket: String, isFed: Bool) -> MirrorWatch
}

/// Watches all buckets of a server, new ones too, over one stream of changes where the server has that.
///
/// A bucket that vanishes from the source stays watched and its replica is kept: it may come back. Safe from every
/// thread; `run` is called once.
public final class ServerWatch: Sendable {
    private struct State {
        var watches: [String: MirrorWatch] = [:]
        var isStopping = false
        /// Whether the stream of all buckets feeds the watches; else each listens for itself.
        var isFeeding = true
        var isLive = false
        var failure: String?
        var tasks: [Task<Void, Never>] = []
    }

    private let directory: any BucketDirectory
    private let options: WatchOptions
    private let executor: any TaskExecutor
    private let emit: @Sendable (WatchEvent) -> Void
    private let state = Mutex(State())
    private let bell: Bell
    private let surroundings: Surroundings

    /// - Parameter observer: told what concerns the server as a whole; the watches have their own.
    public init(
        _ directory: any BucketDirectory, options: WatchOptions, surroundings: Surroundings,
        executor: any TaskExecutor,
        observer: @escaping @Sendable (WatchEvent) -> Void
    ) {
        self.directory = directory
        self.options = options
        self.executor = executor
        self.surroundings = surroundings
        bell = Bell(surroundings.time)
        emit = observer
    }

    /// The watches by bucket.
    public var watches: [String: MirrorWatch] { state.withLock { $0.watches } }

    /// Why the buckets could not be listed the last time; nil if they could.
    public var failure: String? { state.withLock { $0.failure } }

    /// Runs until `stop()`; cancelling the task ends what is in flight at once.
    public func run() async {
        let feed: @Sendable () async -> Void = { [directory, options, surroundings] in
            await ChangeFeed(directory.stream, retry: options.listenRetry, surroundings) { self.take($0) }.run()
        }
        if options.events == .poll {
            state.withLock { $0.isFeeding = false }
        } else {
            let task = Task(executorPreference: executor, operation: feed)
            state.withLock { $0.tasks.append(task) }
        }
        await withDiscardingTaskGroup { group in
            var attempt = 0
            while !isStopping, !Task.isCancelled {
                var pause = max(options.bucketInterval, options.pollInterval)
                do throws(StoreError) {
                    for watch in begin(try await directory.buckets()) { group.addTask { await watch.run() } }
                    attempt = 0
                } catch {
                    if isStopping { break }
                    note(error)
                    let backoff = Backoff(base: .milliseconds(200), cap: .seconds(2))
                    pause = surroundings.chance.delay(backoff, attempt: attempt)
                    attempt += 1
                }
                await bell.wait(until: surroundings.time.now() + pause.nanoseconds)
            }
        }
    }

    /// Ends all watches; see `MirrorWatch.stop`.
    public func stop() async {
        let (watches, tasks) = state.withLock { state in
            state.isStopping = true
            return (Array(state.watches.values), state.tasks)
        }
        for task in tasks { task.cancel() }
        bell.ring()
        for watch in watches { await watch.stop() }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func note(_ error: StoreError) {
        state.withLock { $0.failure = "\(error)" }
        emit(.reconcileFailed("\(error)"))
    }

    /// Makes watches of the buckets that have none.
    private func begin(_ buckets: [String]) -> [MirrorWatch] {
        let (isFeeding, known) = state.withLock { state in
            state.failure = nil
            return (state.isFeeding, state.watches)
        }
        let begun = buckets.filter { known[$0] == nil }.map { ($0, directory.watch($0, isFed: isFeeding)) }
        // The stream may have been lost or found while they were made.
        let (feedsNow, isLiveNow) = state.withLock { state in
            // Whoever stopped this stopped those that he saw.
            if state.isStopping { return (false, false) }
            for (bucket, watch) in begun { state.watches[bucket] = watch }
            return (state.isFeeding, state.isLive)
        }
        if isStopping { return [] }
        for (_, watch) in begun {
            if feedsNow != isFeeding { watch.setFed(feedsNow) }
            if isLiveNow { watch.take(.live) }
        }
        return begun.map(\.1)
    }

    private func take(_ signal: ChangeFeed.Signal) {
        switch signal {
        case .events(let events):
            let watches = watches
            let byBucket = Dictionary(grouping: events, by: \.bucket)
            for (bucket, events) in byBucket {
                if let watch = watches[bucket] { watch.take(.events(events)) } else { bell.ring() }
            }
        case .live: feed(true, signal)
        case .lost:
            state.withLock { $0.isLive = false }
            if state.withLock({ $0.isFeeding }) { for watch in watches.values { watch.take(signal) } }
        case .unavailable:
            // Servers before 2020-07 have a stream for each bucket only.
            feed(false, signal)
        }
    }

    private func feed(_ isFeeding: Bool, _ signal: ChangeFeed.Signal) {
        let changed = state.withLock { state in
            defer { state.isFeeding = isFeeding }
            state.isLive = isFeeding
            return state.isFeeding != isFeeding
        }
        for watch in watches.values {
            if changed { watch.setFed(isFeeding) }
            if isFeeding { watch.take(signal) }
        }
    }
}
