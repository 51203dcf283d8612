import Digests
import ObjectModel
import Reactor
import Runtime
import S3Sandbox
import Testing

@testable import S3

@Suite("Trying again", .timeLimit(.minutes(10)))
struct RetryTests {
    @Test("503 is tried again until there are no tries left, and the last failure is told")
    func retries() async throws {
        let server = try ServerUnderTest()
        let bytes = try server.put("k", count: 10)
        server.sandbox.faults.add(
            FaultRule("busy", .operation(.getObject, times: 2), .status(.init(503, code: "SlowDown"))))
        let client = server.client()
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
        #expect(server.statuses(.getObject) == [503, 503, 200])
        server.sandbox.faults.add(
            FaultRule("busy", .operation(.getObject), .status(.init(503, code: "SlowDown", hasBody: false))))
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.bytes(of: "k") } }
        #expect(error?.kind == .slowDown && error?.attempts == 3)
        #expect(server.statuses(.getObject).count == 6)
    }

    @Test("A server out of reach is waited for by a policy of its own")
    func absence() async throws {
        let closed = try ClosedPort()
        let client = ServerUnderTest.client(port: closed.port) {
            $0.retries.backoff = Backoff(base: .seconds(3600), cap: .seconds(3600))
            $0.retries.absence = Backoff(base: .zero, cap: .zero)
        }
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.bytes(of: "k") } }
        #expect(error?.kind == .unreachable && error?.attempts == 3)
    }

    @Test("By default the tries at a server out of reach span the time of a restart, others do not", arguments: 0..<20)
    func spans(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let policy = S3Client.RetryPolicy()
        func span(_ kind: S3Error.Kind) -> Duration {
            (0..<policy.attempts - 1).reduce(.zero) { $0 + policy.delay(after: kind, attempt: $1, using: &random) }
        }
        #expect((.milliseconds(3750))...(.milliseconds(7500)) ~= span(.unreachable))
        #expect(span(.slowDown) <= .milliseconds(1500))
    }

    @Test("Retry-After is waited for")
    func retryAfter() async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 10)
        server.sandbox.faults.add(
            FaultRule("busy", .operation(.getObject, times: 1), .status(.init(503, code: "SlowDown", retryAfter: "1"))))
        let client = server.client()
        let began = SystemTime().now()
        _ = try await onReactor { try await client.bytes(of: "k") }
        #expect(SystemTime().now() - began >= 1_000_000_000)
    }

    @Test(
        "What will not get better is not tried again",
        arguments: [
            (403, "AccessDenied"), (404, "NoSuchKey"), (412, "PreconditionFailed"), (501, "NotImplemented"),
            (400, "BadDigest"), (507, "XMinioStorageFull"),
        ])
    func hopeless(_ status: Int, _ code: String) async throws {
        let server = try ServerUnderTest()
        server.sandbox.faults.add(FaultRule("no", .operation(.putObject), .status(.init(status, code: code))))
        let client = server.client()
        let error = await #expect(throws: S3Error.self) {
            try await onReactor {
                try await client.putObject(
                    bucket: ServerUnderTest.bucket, key: "k", headers: ObjectHeaders(), body: ByteBlock([1]),
                    contentMD5: nil)
            }
        }
        #expect(error?.code == code && error?.attempts == 1)
        #expect(server.statuses(.putObject) == [status])
    }

    @Test("A write whose answer was lost is done again, and is whole")
    func lostAnswer() async throws {
        let server = try ServerUnderTest()
        server.sandbox.faults.add(FaultRule("lost", .operation(.putObject, times: 1), .loseAnswer))
        let client = server.client()
        let bytes = ServerUnderTest.bytes(5000)
        try await onReactor {
            _ = try await client.putObject(
                bucket: ServerUnderTest.bucket, key: "k", headers: ObjectHeaders(), body: ByteBlock(bytes),
                contentMD5: MD5Hasher.digest(bytes))
        }
        #expect(server.statuses(.putObject) == [0, 200])
        #expect(try server.sandbox.store.bytes(of: "k", in: ServerUnderTest.bucket) == bytes)
    }

    @Test("SlowDown lowers the number of requests at once, an ordinary failure does not")
    func slowDown() async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 10)
        server.sandbox.faults.add(
            FaultRule("broken", .operation(.getObject, nth: 1), .status(.init(500))),
            FaultRule("busy", .operation(.getObject, nth: 3), .status(.init(503, code: "SlowDown"))))
        let client = server.client { $0.reads = ConcurrencyLimit.Bounds(initial: 32, maximum: 64) }
        _ = try await onReactor { try await client.bytes(of: "k") }
        #expect(client.reads.current == 32)
        _ = try await onReactor { try await client.bytes(of: "k") }
        #expect(client.reads.current == 16)
        #expect(client.writes.current == 8)
    }

    // MARK: Cancelling

    @Test("Cancelling a task ends its transfer and gives its place to the next one")
    func cancelling() async throws {
        let server = try ServerUnderTest()
        let bytes = try server.put("k", count: 1000)
        let hasBegun = AsyncStream<Void>.makeStream()
        server.sandbox.faults.add(
            FaultRule("stall", .operation(.getObject, times: 1), .stall(afterBytes: 10, seconds: nil)),
            FaultRule(
                "begun", .operation(.getObject, times: 1), .hook(.afterOperation) { hasBegun.continuation.yield() }))
        let client = server.client { $0.reads = ConcurrencyLimit.Bounds(initial: 1, maximum: 1) }
        let stalled = reading(client)
        _ = await hasBegun.stream.first { true }
        let next = reading(client)
        stalled.cancel()
        let error = await #expect(throws: S3Error.self) { _ = try await stalled.value }
        #expect(error?.kind == .cancelled)
        #expect(try await next.value == bytes)
    }

    private func reading(_ client: S3Client) -> Task<[UInt8], any Error> {
        let body: @Sendable () async throws -> [UInt8] = { try await client.bytes(of: "k") }
        return Task(executorPreference: ServerUnderTest.reactor, operation: body)
    }

    @Test("A task that was cancelled before it began sends nothing that arrives as an answer")
    func cancelledBefore() async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 1000)
        let client = server.client()
        let task = reading(client)
        task.cancel()
        // Either it was quicker than the cancellation, or it ends with it.
        if case .failure(let error) = await task.result { #expect((error as? S3Error)?.kind == .cancelled) }
    }

    @Test("A cancelled task does not try again")
    func cancelledRetry() async throws {
        let server = try ServerUnderTest()
        server.sandbox.faults.add(
            FaultRule("busy", .operation(.getObject), .status(.init(503, code: "SlowDown"))))
        let client = server.client { $0.retries.backoff = Backoff(base: .seconds(3600), cap: .seconds(3600)) }
        let task = reading(client)
        while server.sandbox.requests.records.isEmpty { await Task.yield() }
        task.cancel()
        let result = await task.result
        #expect(throws: S3Error.self) { _ = try result.get() }
        #expect(client.counters.snapshot.map(\.count) == [1])
    }
}
