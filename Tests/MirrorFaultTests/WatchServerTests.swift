import Journal
import ObjectModel
import Reactor
import Runtime
import S3
import S3Sandbox
import S3Store
import Stores
import TestSupport
import Testing

@testable import MirrorEngine

@Suite("A watch over all buckets of a server", .timeLimit(.minutes(10)))
struct WatchServerTests {
    /// The buckets of a stage's source, each to one of the same name on its target.
    private struct Buckets: BucketDirectory {
        let client: S3Client
        let target: S3Client
        let options: WatchOptions
        let journal: Journal
        /// Whether the server has a stream of all its buckets.
        let hasStream: Mutex<Bool>

        init(_ stage: Stage, _ options: WatchOptions, hasStream: Bool) async throws {
            client = stage.store(stage.source, "source").client
            target = stage.store(stage.target, "target").client
            self.options = options
            journal = try await Journal.temporary()
            self.hasStream = Mutex(hasStream)
            tap = Tap(S3Changes(client, bucket: nil))
            if !hasStream { tap.refuse(.notImplemented) }
        }

        let tap: Tap

        func buckets() async throws(StoreError) -> [String] {
            do throws(S3Error) {
                return try await client.listBuckets().map(\.name)
            } catch {
                throw StoreError(error)
            }
        }
        var stream: any ChangeStream { tap }

        func watch(_ bucket: String, isFed: Bool) -> MirrorWatch {
            var mirror = MirrorOptions()
            mirror.removes = true
            return MirrorWatch(
                source: S3Bucket(name: "source/\(bucket)", client: client, bucket: bucket, prefix: ""),
                target: S3Bucket(name: "target/\(bucket)", client: target, bucket: bucket, prefix: ""),
                options: mirror, watch: options, stream: S3Changes(client, bucket: bucket), isFed: isFed,
                journal: journal, budget: ByteBudget(capacity: 20 << 20), surroundings: .system,
                executors: [StagedWatch.reactor], listingExecutor: StagedWatch.reactor,
                turnstile: Turnstile(places: 2, time: SystemTime())
            ) { _ in }
        }
    }

    /// A server watch that runs, and where it looks.
    private struct Running {
        let watch: ServerWatch
        let buckets: Buckets
        let stage: Stage

        func until(_ what: String, _ isDone: () throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation)
            async throws
        {
            try await Patience.until(
                "\(what); \(watch.watches.mapValues(\.status.feed))", isDone, sourceLocation: sourceLocation)
        }

        func untilWatching(_ buckets: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            try await until(
                "\(buckets) buckets listening",
                {
                    watch.watches.count == buckets
                        && watch.watches.values.allSatisfy {
                            $0.status.feed == .listening && $0.status.lastIdentical != nil && $0.status.pending == 0
                        }
                }, sourceLocation: sourceLocation)
        }

        func target(_ key: ObjectKey, in bucket: String) throws -> [UInt8]? {
            try stage.target.store.bytes(of: key, in: bucket)
        }
    }

    private func watched(
        _ stage: Stage, hasStream: Bool = true, _ change: (inout WatchOptions) -> Void = { _ in },
        _ body: (Running) async throws -> Void
    ) async throws {
        var options = WatchOptions()
        options.pollInterval = .milliseconds(100)
        options.bucketInterval = .milliseconds(300)
        options.listenRetry = .milliseconds(10)
        change(&options)
        let buckets = try await Buckets(stage, options, hasStream: hasStream)
        let watch = ServerWatch(buckets, options: options, surroundings: .system, executor: StagedWatch.reactor) { _ in
        }
        let run: @Sendable () async -> Void = { await watch.run() }
        let task = Task(executorPreference: StagedWatch.reactor, operation: run)
        do {
            try await body(Running(watch: watch, buckets: buckets, stage: stage))
        } catch {
            await watch.stop()
            await task.value
            if !(error is WaitedInVain) { throw error }
            return
        }
        await watch.stop()
        await task.value
    }

    private func stage(_ more: [String]) throws -> Stage {
        let stage = try WatchChangeTests.stage()
        for bucket in more { try stage.source.store.createBucket(bucket) }
        return stage
    }

    @Test("All buckets are kept over one stream, and a new one is picked up as soon as something is in it")
    func newBucket() async throws {
        let stage = try stage(["first", "second"])
        defer { stage.stop() }
        try stage.source.store.put("a", in: "first", [1])
        try await watched(stage) {
            $0.bucketInterval = .seconds(60)
        } _: { running in
            try await running.untilWatching(3)
            #expect(stage.source.listenerCount == 1)
            #expect(try running.target("a", in: "first") == [1])
            try stage.source.store.put("b", in: "second", [2])
            try await running.until("copied") { try running.target("b", in: "second") == [2] }
            try stage.source.store.createBucket("third")
            try stage.source.store.put("c", in: "third", [3])
            try await running.until("the new bucket") { try running.target("c", in: "third") == [3] }
            try stage.source.store.put("d", in: "third", [4])
            try stage.source.store.remove("c", in: "third")
            try await running.until("kept") { stage.target.store.keys(in: "third") == ["d"] }
            #expect(stage.source.listenerCount == 1 && running.watch.failure == nil)
        }
    }

    @Test("A new bucket without objects is found by looking, and made on the target")
    func emptyBucket() async throws {
        let stage = try stage([])
        defer { stage.stop() }
        try await watched(stage) { running in
            try await running.untilWatching(1)
            try stage.source.store.createBucket("empty")
            try await running.until("made") { stage.target.store.table.hasBucket("empty") }
        }
    }

    @Test("A bucket that is removed keeps its replica, and may come back")
    func removedBucket() async throws {
        let stage = try stage(["gone"])
        defer { stage.stop() }
        try stage.source.store.put("a", in: "gone", [1])
        try stage.source.store.put("b", in: "gone", [2])
        try await watched(stage) { running in
            try await running.untilWatching(2)
            for key in ["a", "b"] as [ObjectKey] { try stage.source.store.remove(key, in: "gone", notifies: false) }
            _ = try stage.source.store.table.deleteBucket("gone")
            running.watch.watches["gone"]?.requestReconcile()
            try await Task.sleep(for: .milliseconds(700))
            #expect(try running.target("a", in: "gone") == [1])
            #expect(running.watch.watches.count == 2)
            // The others go on.
            try stage.source.store.put("x", in: Stage.bucket, [9])
            try await running.until("copied") { try running.target("x", in: Stage.bucket) == [9] }
            try stage.source.store.createBucket("gone")
            try stage.source.store.put("c", in: "gone", [3])
            try await running.until("back") { try running.target("c", in: "gone") == [3] }
        }
    }

    @Test("Where a server has no stream of all buckets, each has its own, and back again")
    func streamPerBucket() async throws {
        let stage = try stage(["first", "second"])
        defer { stage.stop() }
        try await watched(stage, hasStream: false) { running in
            try await running.untilWatching(3)
            #expect(stage.source.listenerCount == 3)
            try stage.source.store.put("a", in: "first", [1])
            try await running.until("copied") { try running.target("a", in: "first") == [1] }
            try stage.source.store.createBucket("third")
            try stage.source.store.put("c", in: "third", [3])
            try await running.until("the new bucket") { try running.target("c", in: "third") == [3] }
            running.buckets.tap.refuse(nil)
            try await running.until("one stream") { stage.source.listenerCount == 1 }
            try stage.source.store.put("b", in: "second", [2])
            try await running.until("copied") { try running.target("b", in: "second") == [2] }
        }
    }

    @Test("When the stream of all buckets is cut, every bucket closes its gap")
    func gap() async throws {
        let stage = try stage(["first", "second"])
        defer { stage.stop() }
        try await watched(stage) { running in
            try await running.untilWatching(3)
            running.buckets.tap.refuse(.unreachable)
            running.buckets.tap.cut()
            try await running.until("lost") {
                running.watch.watches.values.allSatisfy { $0.status.feed == .lost }
            }
            for bucket in ["first", "second", "data"] { try stage.source.store.put("missed", in: bucket, [5]) }
            running.buckets.tap.refuse(nil)
            for bucket in ["first", "second", "data"] {
                try await running.until("found in \(bucket)") { try running.target("missed", in: bucket) == [5] }
            }
        }
    }

    @Test("With --events poll every bucket is polled, new ones too")
    func polled() async throws {
        let stage = try stage(["first"])
        defer { stage.stop() }
        try await watched(stage) {
            $0.events = .poll
        } _: { running in
            try stage.source.store.put("a", in: "first", [1])
            try await running.until("copied") { try running.target("a", in: "first") == [1] }
            try stage.source.store.createBucket("later")
            try stage.source.store.put("b", in: "later", [2])
            try await running.until("the new bucket") { try running.target("b", in: "later") == [2] }
            #expect(stage.source.listenerCount == 0 && running.buckets.tap.begun == 0)
        }
    }

    @Test("A server that is away at the start, or later, is waited for, and says why")
    func serverAway() async throws {
        let stage = try stage(["first"])
        defer { stage.stop() }
        try stage.source.store.put("a", in: "first", [1])
        stage.source.faults.add(FaultRule("away", FaultRule.Match(operations: [.listBuckets]), .refuse))
        try await watched(stage) { running in
            try await running.until("failed") { running.watch.failure != nil }
            #expect(running.watch.watches.isEmpty)
            stage.source.faults.removeAll()
            try await running.until("copied") { try running.target("a", in: "first") == [1] }
            #expect(running.watch.failure == nil)
        }
    }
}
