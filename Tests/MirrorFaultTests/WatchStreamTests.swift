import ObjectModel
import Runtime
import S3
import S3Sandbox
import Stores
import Testing

@testable import MirrorEngine

@Suite("A watch and its stream of events", .timeLimit(.minutes(10)))
struct WatchStreamTests {
    private func stage() throws -> Stage { try WatchChangeTests.stage() }

    @Test("It subscribes before it lists, so that no change falls between the two")
    func subscribesFirst() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let source = stage.source
        for index in 0..<5 { try stage.put(ObjectKey("m\(index)"), [1]) }
        let listeners = Mutex(-1)
        // Comes when the page that should have held it is already made.
        source.faults.add(
            FaultRule(
                "between", .operation(.listObjectsV2, nth: 1),
                .hook(
                    .afterOperation,
                    {
                        listeners.withLock { $0 = source.listenerCount }
                        try? Stage.put(source, "a", [7])
                    })))
        try await stage.watched { watch in
            try await watch.untilSame()
            #expect(listeners.withLock { $0 } == 1)
            #expect(watch.told.reconciles == [.start])
            #expect(stage.target.store.keys(in: Stage.bucket).count == 6)
        }
    }

    @Test("A stream that is cut is a gap: what was missed is found as soon as it is back")
    func gap() async throws {
        let stage = try stage()
        defer { stage.stop() }
        try stage.put("removed", [1])
        try await stage.watched { watch in
            try await watch.untilWatching()
            watch.tap.refuse(.unreachable)
            watch.tap.cut()
            try await watch.until("lost") { watch.status.feed == .lost }
            try stage.put("missed", patterned(99, seed: 1))
            try stage.source.store.remove("removed", in: Stage.bucket)
            try await watch.pass(.milliseconds(50))
            #expect(try stage.differences().count == 2)
            watch.tap.refuse(nil)
            try await watch.untilSame()
            try await watch.until("listening") { watch.status.feed == .listening }
            #expect(watch.told.reconciles == [.start, .gap])
            // However often it was asked for meanwhile, it was lost once.
            #expect(watch.told.streamLost == 1 && watch.told.listening == 2)
            try stage.put("after", [3])
            try await watch.untilSame()
            #expect(watch.told.reconciles == [.start, .gap])
        }
    }

    @Test("A gap while listings are read has them read again")
    func gapDuringReconcile() async throws {
        let stage = try stage()
        defer { stage.stop() }
        for index in 0..<5 { try stage.put(ObjectKey("m\(index)"), [1]) }
        try await stage.watched { watch in
            let (source, tap) = (stage.source, watch.tap)
            source.faults.add(
                FaultRule(
                    "meanwhile", .operation(.listObjectsV2, nth: 1),
                    .hook(
                        .afterOperation,
                        {
                            tap.cut()
                            _ = try? source.store.put(
                                "a", in: Stage.bucket, [7],
                                headers: [ObjectHeaders.NameValue("content-type", "text/plain")], notifies: false)
                        })))
            try await watch.untilSame()
            try await watch.until("both reconciles") { watch.told.outcomes.count == 2 }
            #expect(watch.told.reconciles == [.start, .gap])
        }
    }

    @Test(
        "Where listening is refused or unknown, polls find the changes, and it says why",
        arguments: [Behaviour.Listening.refused, .ignored])
    func unknown(listening: Behaviour.Listening) async throws {
        let stage = try WatchChangeTests.stage { $0.listening = listening }
        defer { stage.stop() }
        try await stage.watched { watch in
            try stage.put("a", [1])
            try await watch.untilSame()
            #expect(watch.status.feed == .polling && watch.told.polling == 1 && watch.told.listening == 0)
            try stage.put("b", [1])
            try await watch.untilSame()
            try stage.source.store.remove("a", in: Stage.bucket)
            try await watch.untilSame()
            #expect(watch.told.reconciles.first == .start && watch.told.reconciles.contains(.poll))
        }
    }

    @Test(
        "When listening becomes possible again, it listens again, and polls no more",
        arguments: [(StoreError.Kind.refused, 300), (.notImplemented, 10), (.noSuchBucket, 300)])
    func back(kind: StoreError.Kind, retry: Int) async throws {
        let stage = try stage()
        defer { stage.stop() }
        try await stage.watched {
            $0.watch.listenRetry = .milliseconds(retry)
            $0.refusal = kind
        } _: { watch in
            try await watch.until("polling") { watch.status.feed == .polling }
            try await watch.until("asked again") { watch.tap.begun >= 3 }
            #expect(watch.told.polling == 1 && watch.told.streamLost == 0)
            watch.tap.refuse(nil)
            try await watch.until("listening") { watch.status.feed == .listening }
            try await watch.until("the gap closed") { watch.told.reconciles.contains(.gap) }
            try await watch.untilQuiet()
            let polls = watch.told.reconciles.count
            try stage.put("a", [1])
            try await watch.untilSame()
            try await watch.pass(.milliseconds(400))
            #expect(watch.told.reconciles.count == polls)
        }
    }

    @Test("With --events listen it never polls, and waits for the stream")
    func listenOnly() async throws {
        let stage = try stage()
        defer { stage.stop() }
        try await stage.watched {
            $0.watch.events = .listen
            $0.watch.listenRetry = .milliseconds(200)
            $0.refusal = .refused
        } _: { watch in
            try stage.put("a", [1])
            try await watch.pass(.milliseconds(500))
            #expect(watch.told.polling == 0 && watch.told.reconciles.isEmpty)
            watch.tap.refuse(nil)
            try await watch.untilSame()
            #expect(watch.told.reconciles == [.start])
        }
    }

    @Test("With --events poll it never listens")
    func pollOnly() async throws {
        let stage = try stage()
        defer { stage.stop() }
        try await stage.watched {
            $0.watch.events = .poll
        } _: { watch in
            try stage.put("a", [1])
            try await watch.untilSame()
            try await watch.until("another poll") { watch.told.reconciles.count > 3 }
            #expect(watch.tap.begun == 0)
        }
    }

    @Test(
        "A server that answers everything but the stream is polled",
        arguments: [StoreError.Kind.slowDown, .serverFailure, .malformedAnswer, .interrupted])
    func streamNeverComes(kind: StoreError.Kind) async throws {
        let stage = try stage()
        defer { stage.stop() }
        try await stage.watched {
            $0.refusal = kind
        } _: { watch in
            try stage.put("a", [1])
            try await watch.untilSame()
            #expect(watch.status.feed == .polling)
            #expect(watch.told.polling == 1)
        }
    }

    @Test("A watch that listens asks for nothing while nothing changes")
    func idle() async throws {
        let stage = try stage()
        defer { stage.stop() }
        for index in 0..<20 { try stage.put(ObjectKey("k\(index)"), [1]) }
        try await stage.watched { watch in
            try await watch.untilWatching()
            try await watch.untilQuiet()
            stage.source.requests.removeAll()
            stage.target.requests.removeAll()
            try await watch.pass(.milliseconds(1500))
            #expect(stage.source.requests.records.isEmpty && stage.target.requests.records.isEmpty)
        }
    }

    @Test("Polls of quiet buckets cost the same few listings each, whatever was copied before")
    func constantRequests() async throws {
        let stage = try stage()
        defer { stage.stop() }
        for index in 0..<60 { try stage.put(ObjectKey("k\(index)"), patterned(50, seed: UInt64(index))) }
        try await stage.watched {
            $0.watch.events = .poll
        } _: { watch in
            try await watch.untilSame()
            try await watch.untilQuiet()
            // What was written within the last seconds is looked at again, because dates may be whole seconds.
            var (looks, since) = (-1, 0)
            try await watch.until("polls that look at nothing") {
                let (now, polls) = (stage.source.requests.count(.headObject), watch.told.outcomes.count)
                if now != looks { (looks, since) = (now, polls) }
                return polls >= since + 3
            }
            stage.source.requests.removeAll()
            stage.target.requests.removeAll()
            let before = watch.told.outcomes.count
            try await watch.until("five more polls") { watch.told.outcomes.count >= before + 5 }
            let polls = watch.told.outcomes.count - before
            for server in [stage.source, stage.target] {
                // On a busy machine it may ask once whether a slow server lives.
                #expect(server.requests.count(.headBucket) <= 1)
                let operations = Set(server.requests.counts.keys).subtracting([.headBucket])
                #expect(operations == [.listObjectsV2], "\(server.requests.counts)")
            }
            #expect((polls - 1...polls + 1).contains(stage.source.requests.count(.listObjectsV2)))
        }
    }

    @Test("A key that fails for its own reasons backs off although every poll finds it missing")
    func poisonedPolls() async throws {
        let stage = try stage()
        defer { stage.stop() }
        stage.target.behaviour.refusedKeys = [Behaviour.Refusal(key: "poison*")]
        try stage.put("poison", patterned(50, seed: 1))
        for index in 0..<20 { try stage.put(ObjectKey("k\(index)"), patterned(50, seed: UInt64(index))) }
        try await stage.watched {
            $0.watch.events = .poll
        } _: { watch in
            try await watch.until("all but one") { stage.target.store.keys(in: Stage.bucket).count == 20 }
            try await watch.until("thirty polls") { watch.told.outcomes.count >= 30 }
            let polls = watch.told.outcomes.count
            let tries = stage.target.requests.records.filter { $0.key == "poison" && $0.operation == .putObject }
            // With back-off from half a second on, a handful.
            #expect((1...polls / 2).contains(tries.count), "\(tries.count) tries in \(polls) polls")
            // A change of the object is a reason to try at once.
            stage.target.behaviour.refusedKeys = []
            try await watch.pass(.milliseconds(5))
            try stage.put("poison", patterned(51, seed: 2))
            try await watch.untilSame()
        }
    }
}
