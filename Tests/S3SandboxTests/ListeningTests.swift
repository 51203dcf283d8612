import ObjectModel
import S3
import S3Sandbox
import TestSupport
import Testing

@Suite("ListenBucketNotification")
struct ListeningTests {
    private let server: Sandbox
    private let client: TestClient

    init() throws {
        var options = Sandbox.Options()
        options.buckets = ["photos", "other"]
        options.requiresSignature = false
        server = try Sandbox.start(options)
        client = TestClient(server)
    }

    private func listen(_ target: String) async throws -> TestClient.Connection {
        let before = server.listenerCount
        let connection = TestClient.Connection(port: server.port)
        connection.write(client.head("GET", target, [], 0))
        try await Patience.until("the server to listen") { server.listenerCount > before }
        return connection
    }

    /// Reads until `text` came; what came until then.
    private func read(_ connection: TestClient.Connection, until text: String) -> String {
        var all: [UInt8] = []
        while all.firstRange(of: Array(text.utf8)) == nil {
            let piece = connection.read()
            if piece.isEmpty { break }
            all += piece
        }
        return String(decoding: all, as: UTF8.self)
    }

    @Test("Nothing is sent before the first event, not even the headers")
    func silence() async throws {
        let connection = try await listen("/photos?events=s3:ObjectCreated:*&ping=60")
        connection.setPatience(milliseconds: 200)
        #expect(connection.read().isEmpty)
        connection.setPatience(milliseconds: 5000)
        try server.store.put("k", in: "photos", [1])
        let text = read(connection, until: "\"Records\":[{")
        #expect(text.hasPrefix("HTTP/1.1 200") && text.contains("text/event-stream"))
    }

    @Test("Keep-alives are a space every half second, or a document every N seconds")
    func keepAlives() async throws {
        let began = ContinuousClock.now
        let old = try await listen("/photos?events=s3:ObjectCreated:*")
        let new = try await listen("/photos?events=s3:ObjectCreated:*&ping=1")
        let text = read(old, until: "1\r\n \r\n")
        // Not sooner; how much later is the machine's business.
        #expect(ContinuousClock.now - began > .milliseconds(400))
        #expect(text.contains("\r\n\r\n1\r\n \r\n"))
        #expect(read(new, until: "null}\n").contains("\r\n\r\n11\r\n{\"Records\":null}\n"))
    }

    @Test("Filters choose by bucket, event, prefix and suffix; wildcards in a prefix are special")
    func filters() async throws {
        let all = try await listen("/?events=s3:ObjectCreated:*&events=s3:ObjectRemoved:*&ping=60")
        let some = try await listen("/photos?events=s3:ObjectCreated:*&prefix=a*/&suffix=.apk&ping=60")
        try server.store.put("a/1.apk", in: "other", [1])
        try server.store.put("a/2.txt", in: "photos", [1])
        try server.store.remove("a/2.txt", in: "photos")
        try server.store.put("silent", in: "photos", [1], notifies: false)
        try server.store.put("abc/3.apk", in: "photos", [1])
        let everything = read(all, until: "3.apk")
        #expect(
            everything.components(between: "\"key\":\"", and: "\"") == ["a/1.apk", "a/2.txt", "a/2.txt"]
                || everything.components(between: "\"key\":\"", and: "\"") == [
                    "a/1.apk", "a/2.txt", "a/2.txt", "abc/3.apk",
                ])
        #expect(everything.contains("s3:ObjectRemoved:Delete"))
        let chosen = read(some, until: "\"sequencer\"")
        #expect(chosen.components(between: "\"key\":\"", and: "\"") == ["abc/3.apk"])
    }

    @Test("What a fault or the server swallows is never told")
    func droppedEvents() async throws {
        let connection = try await listen("/photos?events=s3:ObjectCreated:*&ping=60")
        server.faults.add(FaultRule("drop", .operation(.putObject, times: 1), .dropEvent))
        #expect(client.request("PUT", "/photos/first", body: [1])?.status == 200)
        server.behaviour.dropsEvents = true
        #expect(client.request("PUT", "/photos/second", body: [1])?.status == 200)
        server.behaviour.dropsEvents = false
        server.behaviour.encodesEventKeys = true
        #expect(client.request("PUT", "/photos/%C3%A4%20third", body: [1])?.status == 200)
        let text = read(connection, until: "\"sequencer\"")
        #expect(text.components(between: "\"key\":\"", and: "\"") == ["%C3%A4+third"])
    }

    @Test("A server that does not listen says so, or lists")
    func otherServers() throws {
        server.behaviour.listening = .refused
        #expect(client.request("GET", "/photos", query: "events=s3:ObjectCreated:*")?.status == 501)
        server.behaviour.listening = .ignored
        let listing = client.request("GET", "/photos", query: "events=s3:ObjectCreated:*")
        #expect(listing?.text.contains("<ListBucketResult") == true)
        server.behaviour.listening = .served
        #expect(client.request("GET", "/nowhere", query: "events=s3:ObjectCreated:*")?.code == "NoSuchBucket")
        #expect(client.request("GET", "/photos", query: "events=x")?.code == "InvalidArgument")
        #expect(
            client.request("GET", "/photos", query: "events=s3:ObjectCreated:*&prefix=a/../b")?.code
                == "InvalidArgument")
    }

    @Test("A listener that left is forgotten")
    func leaving() async throws {
        do {
            let connection = try await listen("/photos?events=s3:ObjectCreated:*&ping=60")
            withExtendedLifetime(connection) { #expect(server.listenerCount == 1) }
        }
        try await Patience.until("nobody there") { server.listenerCount == 0 }
    }
}
