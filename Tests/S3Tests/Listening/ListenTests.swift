import ObjectModel
import Reactor
import Runtime
import S3Sandbox
import Testing

@testable import S3

@Suite("Listening to a server", .timeLimit(.minutes(10)))
struct ListenTests {
    private static let bucket = ServerUnderTest.bucket

    private func connection(_ change: (inout ConnectionOptions.Timeouts) -> Void) -> ConnectionOptions {
        var timeouts = ConnectionOptions.Timeouts()
        change(&timeouts)
        return ConnectionOptions(timeouts: timeouts)
    }

    @Test("What changes is told as it changes, from the first byte on")
    func changes() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let listener = Listener(client)
        try await server.untilListened()
        try server.put("é/a b", count: 5)
        try server.put("empty", count: 0)
        try server.sandbox.store.remove("empty", in: Self.bucket)
        let events = try await listener.events(3)
        #expect(events.map(\.keys) == [["é/a b"], ["empty"], ["empty"]])
        #expect(events.map(\.kind) == [.created, .created, .removed])
        #expect(events.map(\.size) == [5, nil, nil])
        let stored = try #require(server.sandbox.store.object("é/a b", in: Self.bucket))
        #expect(events.first?.etag == ETag(stored.etag) && events.last?.etag == nil)
        #expect(events.allSatisfy { $0.bucket == Self.bucket && $0.time != nil })
        #expect(listener.liveCount == 1)
        #expect(client.counters.snapshot.map { "\($0.verb.rawValue) \($0.count)" } == ["LISTEN 1"])
    }

    @Test("Keep-alives of either kind make a stream live, and keep it", arguments: [Behaviour.Pings.served, .ignored])
    func keepAlives(_ pings: Behaviour.Pings) async throws {
        let server = try ServerUnderTest { $0.behaviour.pings = pings }
        // Time-outs that would end any other exchange between two keep-alives.
        let client = server.client(
            connection: connection {
                $0.firstByte = .milliseconds(1)
                $0.stall = .milliseconds(1)
            })
        let listener = Listener(client)
        try await listener.untilLive()
        try await Task.sleep(for: .seconds(2))
        #expect(listener.events.isEmpty && !listener.hasEnded)
        try server.put("k", count: 5)
        #expect(try await listener.events(1).map(\.keys) == [["k"]])
        #expect(listener.liveCount == 1)
    }

    @Test("Keys that an old server encodes are told in both readings")
    func encodedKeys() async throws {
        let server = try ServerUnderTest { $0.behaviour.encodesEventKeys = true }
        let listener = Listener(server.client(), prefix: "é/")
        try await server.untilListened()
        try server.put("é/a b", count: 5)
        try server.put("other", count: 5)
        try server.put("é/%41", count: 5)
        #expect(try await listener.events(2).map(\.keys) == [["é/a b"], ["é/%41"]])
        let all = Listener(server.client())
        try await server.untilListened(2)
        try server.put("a b+", count: 5)
        #expect(try await all.events(1).map(\.keys) == [["a+b%2B", "a b+"]])
    }

    @Test(
        "Only what lies below the prefix is told, whatever bytes are in it",
        arguments: ["a*/", "a?b", "../x", "./x", "a\\b", "a//b", "é", "a/b", "."] as [ObjectKey])
    func prefixes(_ prefix: ObjectKey) async throws {
        let server = try ServerUnderTest { $0.buckets.append("other") }
        let listener = Listener(server.client(), prefix: prefix)
        try await server.untilListened()
        let (inside, after) = (ObjectKey("x").prefixed(by: prefix), ObjectKey("y").prefixed(by: prefix))
        for key in ["ax/y", "axb", "x", "a", "z", inside] as [ObjectKey] { try server.put(key, count: 1) }
        try server.sandbox.store.put(inside, in: "other", [1])
        try server.put(after, count: 1)
        #expect(try await listener.events(2).flatMap(\.keys) == [inside, after])
    }

    @Test("All buckets can be listened to at once")
    func allBuckets() async throws {
        let server = try ServerUnderTest { $0.buckets.append("other") }
        let listener = Listener(server.client(), bucket: nil)
        try await server.untilListened()
        try server.put("k", count: 1)
        try server.sandbox.store.put("k", in: "other", [1])
        try server.sandbox.store.createBucket("new")
        try server.sandbox.store.put("k", in: "new", [1])
        #expect(try await listener.events(3).map(\.bucket) == [Self.bucket, "other", "new"])
    }

    @Test("A burst is told whole")
    func burst() async throws {
        let server = try ServerUnderTest()
        let listener = Listener(server.client())
        try await server.untilListened()
        let keys = (0..<5000).map { ObjectKey("releases/\($0)") }
        for key in keys { try server.sandbox.store.put(key, in: Self.bucket, []) }
        #expect(try await listener.events(keys.count).flatMap(\.keys) == keys)
    }

    // MARK: What others do

    @Test("Listening takes no place of a request, and no bandwidth limit holds it up")
    func places() async throws {
        let server = try ServerUnderTest()
        let bytes = try server.put("k", count: 10)
        let limit = RateLimit(bytesPerSecond: 1)
        let client = server.client(connection: ConnectionOptions(downloadLimit: limit)) {
            $0.reads = ConcurrencyLimit.Bounds(initial: 1, maximum: 1)
        }
        let listeners = [Listener(client), Listener(client)]
        try await server.untilListened(2)
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
        _ = limit.book(3600, now: SystemTime().now())
        for index in 0..<3 {
            try server.put("new", count: 1)
            for listener in listeners { #expect(try await listener.events(index + 1).count == index + 1) }
        }
    }

    @Test("A server that refuses pings is asked without, from then on")
    func refusedPing() async throws {
        let server = try ServerUnderTest { $0.behaviour.pings = .refused }
        let client = server.client()
        let first = Listener(client)
        try await first.untilLive()
        #expect(server.statuses(.listenBucketNotification) == [400, 200])
        first.cancel()
        _ = try await first.end()
        let second = Listener(client)
        try await second.untilLive()
        #expect(server.statuses(.listenBucketNotification) == [400, 200, 200])
    }

    @Test("Region and clock are corrected as for any request")
    func corrections() async throws {
        let server = try ServerUnderTest {
            $0.region = "eu-west-1"
            $0.behaviour.clockOffset = 7200
        }
        let listener = Listener(server.client())
        try await listener.untilLive()
        #expect(Set(server.statuses(.listenBucketNotification)) == [400, 403, 200])
        #expect(server.statuses(.listenBucketNotification).count == 3)
    }

    // MARK: Ends

    @Test(
        "A server that does not listen is told from others, for one bucket and for all",
        arguments: [Behaviour.Listening.refused, .ignored], [Self.bucket, nil])
    func otherServers(_ listening: Behaviour.Listening, _ bucket: String?) async throws {
        let server = try ServerUnderTest { $0.behaviour.listening = listening }
        try server.put("k", count: 1)
        let listener = Listener(server.client(), bucket: bucket)
        let error = try await listener.end()
        #expect(error?.kind == .notImplemented && error?.operation == .listenBucketNotification)
        #expect(listener.liveCount == 0 && listener.events.isEmpty)
        #expect(server.statuses(.listenBucketNotification) == [listening == .refused ? 501 : 200])
    }

    @Test("A bucket that is missing is told")
    func missingBucket() async throws {
        let server = try ServerUnderTest()
        let listener = Listener(server.client(), bucket: "nowhere")
        #expect(try await listener.end()?.kind == .noSuchBucket)
    }

    @Test("A user who may not is told")
    func refused() async throws {
        let server = try ServerUnderTest { $0.secretKey = "another" }
        let error = try await Listener(server.client()).end()
        #expect(error?.kind == .refused && error?.code == "SignatureDoesNotMatch")
        #expect(server.statuses(.listenBucketNotification) == [403])
    }

    @Test("A port where nobody listens is a server out of reach")
    func unreachable() async throws {
        let closed = try ClosedPort()
        #expect(try await Listener(ServerUnderTest.client(port: closed.port)).end()?.kind == .unreachable)
    }

    @Test("A server that never says a first byte is given up")
    func noFirstByte() async throws {
        let server = try ServerUnderTest()
        let listener = Listener(server.client()) {
            $0.ping = 3600
            $0.firstByteAfter = .milliseconds(50)
        }
        #expect(try await listener.end()?.kind == .timedOut)
        #expect(listener.liveCount == 0)
    }

    @Test("A stream that falls silent is dead")
    func silence() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        let raw = try ScriptedServer([head + "1\r\n \r\n"], holdsLast: true)
        let listener = Listener(ServerUnderTest.client(port: raw.port)) { $0.deadAfter = .milliseconds(50) }
        #expect(try await listener.end()?.kind == .timedOut)
        #expect(listener.liveCount == 1)
    }

    @Test("A server that ends interrupts the stream")
    func serverEnds() async throws {
        let server = try ServerUnderTest()
        let listener = Listener(server.client())
        try await server.untilListened()
        server.sandbox.stop()
        #expect(try await listener.end()?.kind == .interrupted)
    }

    @Test("Cancelling the task ends the stream at once, before it is live and after", arguments: [false, true])
    func cancelling(_ isLive: Bool) async throws {
        let server = try ServerUnderTest()
        // Nothing else could end it in the time that this test has.
        let listener = Listener(server.client()) {
            $0.ping = 3600
            $0.deadAfter = .seconds(3600)
            $0.firstByteAfter = .seconds(3600)
        }
        try await server.untilListened()
        if isLive {
            try server.put("k", count: 1)
            try await listener.untilLive()
        }
        listener.cancel()
        #expect(try await listener.end()?.kind == .cancelled)
        try await server.untilListened(0)
    }
}
