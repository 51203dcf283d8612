import ObjectModel
import Reactor
import Runtime
import S3
import S3Sandbox
import Testing

@testable import minio_sync

@Suite("One server under two names", .timeLimit(.minutes(10)))
struct SameServerTests {
    private static let bucket = "apks"
    private static let reactor = Reactor(name: "same-server")

    private func sandbox(_ change: (inout Sandbox.Options) -> Void = { _ in }) throws -> Sandbox {
        var options = Sandbox.Options()
        options.buckets = [Self.bucket]
        change(&options)
        return try Sandbox.start(options)
    }

    private func client(_ host: String, _ port: Int) -> S3Client {
        var options = S3Client.Options()
        options.retries.backoff = Backoff(base: .zero, cap: .zero)
        options.retries.absence = options.retries.backoff
        return S3Client(
            endpoint: Endpoint(scheme: .http, host: host, port: port),
            credentials: Credentials(
                accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            connection: ConnectionOptions(), options: options)
    }

    private func verdict(
        _ source: S3Client, _ target: S3Client, bucket: String? = Self.bucket, mayWrite: Bool = true
    ) async -> SameServer.Verdict {
        let question = SameServer(source: source, target: target, bucket: bucket, prefix: "copy/", mayWrite: mayWrite)
        let body: @Sendable () async -> SameServer.Verdict = { await question.verdict() }
        return await Task(executorPreference: Self.reactor, operation: body).value
    }

    private func refuse(_ operations: S3Sandbox.Operation..., on server: Sandbox) {
        server.faults.add(
            FaultRule("no", FaultRule.Match(operations: operations), .status(.init(403, code: "AccessDenied"))))
    }

    @Test(
        "The evidence is weighed as the table says",
        arguments: [
            (true, .equal, true, .same), (false, .unknown, true, .same), (true, .equal, false, .different),
            (false, .equal, false, .different), (true, .unknown, false, .different), (true, .equal, nil, .same),
            (true, .unknown, nil, .same), (true, .different, nil, .different), (false, .equal, nil, .similar),
            (false, .different, nil, .different), (false, .unknown, nil, .different),
            (true, .unanswered, nil, .unanswered), (true, .unanswered, true, .same),
            (false, .unanswered, nil, .different),
        ] as [(Bool, SameServer.Dates, Bool?, SameServer.Verdict)])
    func table(sharesAddress: Bool, dates: SameServer.Dates, isUploadSeen: Bool?, expected: SameServer.Verdict) {
        #expect(
            SameServer.judge(sharesAddress: sharesAddress, dates: dates, isUploadSeen: isUploadSeen) == expected)
    }

    @Test(
        "Two names of one address are one server, whatever it lets us ask",
        arguments: [true, false], [nil, Self.bucket])
    func names(mayWrite: Bool, bucket: String?) async throws {
        let server = try sandbox()
        let (one, other) = (client("127.0.0.1", server.port), client("localhost", server.port))
        #expect(await verdict(one, other, bucket: bucket, mayWrite: mayWrite) == .same)
        #expect(server.store.uploadCount(in: Self.bucket) == 0)
        refuse(.listBuckets, .createMultipartUpload, on: server)
        #expect(await verdict(one, other, bucket: bucket, mayWrite: mayWrite) == .same)
    }

    @Test("Two addresses are one server where an upload to one is seen on the other", arguments: [nil, Self.bucket])
    func addresses(bucket: String?) async throws {
        let server = try sandbox { $0.address = "0.0.0.0" }
        let (one, other) = (client("127.0.0.1", server.port), client("127.0.0.2", server.port))
        #expect(await verdict(one, other, bucket: bucket) == .same)
        #expect(server.store.uploadCount(in: Self.bucket) == 0)
        #expect(await verdict(one, other, bucket: bucket, mayWrite: false) == .similar)
        refuse(.listParts, on: server)
        #expect(await verdict(one, other, bucket: bucket) == .similar)
        #expect(server.store.uploadCount(in: Self.bucket) == 0)
        // Nothing tells then.
        refuse(.listBuckets, on: server)
        #expect(await verdict(one, other, bucket: bucket) == .different)
    }

    @Test("A copy of a server, whose buckets have the same dates, is another server")
    func copies() async throws {
        let table = MemoryTable()
        let servers = (try sandbox { $0.storage = .table(table) }, try sandbox { $0.storage = .table(table) })
        let (one, other) = (client("127.0.0.1", servers.0.port), client("127.0.0.1", servers.1.port))
        #expect(await verdict(one, other) == .different)
        #expect(await verdict(one, other, bucket: nil) == .different)
        #expect(servers.1.requests.count(.createMultipartUpload) == 2)
        #expect(servers.1.store.uploadCount(in: Self.bucket) == 0)
    }

    @Test("Two servers are asked for their buckets and for nothing else")
    func others() async throws {
        let servers = (try sandbox(), try sandbox { $0.buckets = ["other"] })
        try await Task.sleep(for: .milliseconds(2))
        try servers.1.store.createBucket(Self.bucket)
        let (one, other) = (client("127.0.0.1", servers.0.port), client("localhost", servers.1.port))
        for bucket in [nil, Self.bucket] { #expect(await verdict(one, other, bucket: bucket) == .different) }
        for server in [servers.0, servers.1] { #expect(Set(server.requests.counts.keys) == [.listBuckets]) }
    }

    @Test("A server that is away is no reason to refuse, nor is one without the bucket")
    func away() async throws {
        let server = try sandbox()
        let gone = try sandbox()
        gone.stop()
        let (one, other) = (client("127.0.0.1", server.port), client("127.0.0.1", gone.port))
        #expect(await verdict(one, other) == .different)
        #expect(await verdict(other, one) == .different)
        #expect(await verdict(one, client("server.invalid", server.port)) == .different)
        let name = client("localhost", gone.port)
        #expect(await verdict(other, name) == .unanswered, "nothing tells")
        let empty = try sandbox { $0.buckets = [] }
        #expect(await verdict(one, client("127.0.0.1", empty.port)) == .different)
    }
}
