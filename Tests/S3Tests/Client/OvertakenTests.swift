import ObjectModel
import Reactor
import Runtime
import S3Sandbox
import TestSupport
import Testing

@testable import S3

@Suite("Requests that newer ones overtake", .timeLimit(.minutes(10)))
struct OvertakenTests {
    private typealias Timeouts = ConnectionOptions.Timeouts

    /// A server whose first answer to `operation` comes after a minute, and a client that is soon suspicious.
    private func server(slow operation: S3Sandbox.Operation, _ delay: Int = 60_000) throws -> (
        ServerUnderTest, S3Client
    ) {
        let server = try ServerUnderTest()
        try server.put("k", count: 10)
        server.sandbox.faults.add(
            FaultRule("slow", .operation(operation, times: 1), .delay(milliseconds: delay)))
        var timeouts = Timeouts()
        timeouts.overtaken = .milliseconds(20)
        return (server, server.client(connection: ConnectionOptions(timeouts: timeouts)))
    }

    /// Runs `body`, and once it has reached the server a request that is answered at once.
    private func overtake(
        _ server: ServerUnderTest, _ client: S3Client, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let slow = Task(executorPreference: ServerUnderTest.reactor, operation: body)
        try await Patience.until("the slow request") { server.sandbox.faults.hits("slow") > 0 }
        _ = try await onReactor { try await client.headBucket(ServerUnderTest.bucket) }
        try await slow.value
    }

    @Test("A small request in a hole is sent again as soon as others show that the server is there")
    func read() async throws {
        let (server, client) = try server(slow: .getObject)
        try await overtake(server, client) { _ = try await client.bytes(of: "k") }
        #expect(client.counters.snapshot.first { $0.verb == .get }?.count == 2)
    }

    @Test("So is a write of bytes that are held")
    func write() async throws {
        let (server, client) = try server(slow: .putObject)
        try await overtake(server, client) {
            _ = try await client.putObject(
                bucket: ServerUnderTest.bucket, key: "new", headers: ObjectHeaders(), body: ByteBlock([1]),
                contentMD5: nil)
        }
        #expect(client.counters.snapshot.first { $0.verb == .put }?.count == 2)
        #expect(try server.sandbox.store.bytes(of: "new", in: ServerUnderTest.bucket) == [1])
    }

    @Test("A copy may take its time")
    func copy() async throws {
        let (server, client) = try server(slow: .copyObject, 1500)
        try await overtake(server, client) {
            _ = try await client.copyObject(
                from: (ServerUnderTest.bucket, "k"), to: (ServerUnderTest.bucket, "copy"), headers: nil)
        }
        #expect(client.counters.snapshot.first { $0.verb == .copy }?.count == 1)
    }

    @Test("So may a read that is relayed, which nobody here would repeat")
    func relay() async throws {
        let (server, client) = try server(slow: .getObject, 1500)
        try await overtake(server, client) {
            try await ByteRing.lend { ring in
                let download = try await client.openObject(
                    bucket: ServerUnderTest.bucket, key: "k", options: ReadOptions(), into: ring)
                try await download.awaitEnd()
                download.close()
            }
        }
        #expect(client.counters.snapshot.first { $0.verb == .get }?.count == 1)
    }

    @Test("A request that none has overtaken waits as long as it may")
    func alone() async throws {
        let (server, client) = try server(slow: .getObject, 1500)
        _ = try await onReactor { try await client.headBucket(ServerUnderTest.bucket) }
        let bytes = try await onReactor { try await client.bytes(of: "k") }
        #expect(bytes == ServerUnderTest.bytes(10))
        #expect(client.counters.snapshot.first { $0.verb == .get }?.count == 1)
        #expect(server.statuses(.getObject) == [200])
    }

    @Test(
        "The patience with a small request doubles with its attempts, up to the time for the first byte",
        arguments: [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (1000, 60)])
    func patience(_ attempt: Int, _ seconds: Int) {
        let patience = HTTPRequest.Patience.quick(attempt: attempt)
        #expect(patience.adjusted(Timeouts(), isOvertaken: true).firstByte == .seconds(seconds))
        #expect(patience.adjusted(Timeouts(), isOvertaken: false) == Timeouts())
        #expect(HTTPRequest.Patience.ordinary.adjusted(Timeouts(), isOvertaken: true) == Timeouts())
    }

    @Test("Small are requests whose answer costs the server little and whose bodies are held")
    func quickness() {
        let slow: Set<S3Operation> = [
            .copyObject, .uploadPartCopy, .createMultipartUpload, .completeMultipartUpload, .deleteObjects,
            .listenBucketNotification,
        ]
        #expect(Set(S3Operation.allCases.filter { !S3Request($0, .get).isQuick }) == slow)
        var upload = S3Request(.putObject, .put)
        upload.body = .ring(ByteRing(), length: 1)
        var download = S3Request(.getObject, .get)
        download.sink = .ring(ByteRing())
        #expect(!upload.isQuick && !download.isQuick)
    }
}
