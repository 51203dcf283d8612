import Digests
import ObjectModel
import Reactor
import Runtime
import S3Sandbox
import Testing

@testable import S3

@Suite("Relays", .timeLimit(.minutes(10)))
struct RelayTests {
    private static let bucket = ServerUnderTest.bucket

    /// Copies `k` from one server to another through a ring.
    private func relay(
        _ source: S3Client, _ target: S3Client, size: Int64, contentMD5: MD5Digest? = nil
    ) async throws -> ETag {
        try await onReactor {
            try await target.withWritePlace {
                try await ByteRing.lend { ring in
                    let feed = try await source.openObject(
                        bucket: Self.bucket, key: "k", options: ReadOptions(), into: ring)
                    defer { feed.close() }
                    return try await target.putObject(
                        bucket: Self.bucket, key: "k", headers: feed.info.headers, from: ring, length: size,
                        contentMD5: contentMD5, feed: feed
                    ).etag
                }
            } isRefusal: {
                ($0 as? S3Error)?.kind == .slowDown
            }
        }
    }

    /// One place each way, so that a place that is not given back stops the next relay.
    private func client(_ server: ServerUnderTest, _ connection: ConnectionOptions = ConnectionOptions()) -> S3Client {
        server.client(connection: connection) {
            $0.reads = ConcurrencyLimit.Bounds(initial: 1, maximum: 1)
            $0.writes = ConcurrencyLimit.Bounds(initial: 1, maximum: 1)
        }
    }

    @Test("Objects of any size pass whole", arguments: [0, 1, 65_536, 1 << 20, 1 << 20 | 1, 5_000_000])
    func sizes(_ size: Int) async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        let bytes = try source.put("k", count: size)
        let digest = MD5Hasher.digest(bytes)
        let etag = try await relay(client(source), client(target), size: Int64(size), contentMD5: digest)
        #expect(etag == .md5(digest))
        #expect(try target.sandbox.store.bytes(of: "k", in: Self.bucket) == bytes)
    }

    @Test(
        "A source that breaks off is the reason, nothing is stored, and the next one passes",
        arguments: [0, 1000, 2_999_999] as [Int64])
    func cutSource(_ bytes: Int64) async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        let content = try source.put("k", count: 3_000_000)
        source.sandbox.faults.add(FaultRule("cut", .operation(.getObject, times: 1), .cut(afterBytes: bytes)))
        let (one, other) = (client(source), client(target))
        let error = await #expect(throws: S3Error.self) { try await relay(one, other, size: 3_000_000) }
        #expect(error?.operation == .getObject && error?.kind == .interrupted, "\(String(describing: error))")
        #expect(target.sandbox.store.object("k", in: Self.bucket) == nil)
        _ = try await relay(one, other, size: 3_000_000)
        #expect(try target.sandbox.store.bytes(of: "k", in: Self.bucket) == content)
    }

    @Test("A source that is whole in itself but shorter than announced stores nothing")
    func shortSource() async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        try source.put("k", count: 3_000_000)
        source.sandbox.faults.add(FaultRule("short", .operation(.getObject, times: 1), .shorten(byBytes: 1)))
        let error = await #expect(throws: S3Error.self) {
            try await relay(client(source), client(target), size: 3_000_000)
        }
        #expect(error?.operation == .getObject && error?.kind == .malformedAnswer)
        #expect(target.sandbox.store.object("k", in: Self.bucket) == nil)
    }

    @Test("A target that refuses is the reason, early or late, and the next one passes", arguments: [true, false])
    func refusingTarget(_ isEarly: Bool) async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        let content = try source.put("k", count: 3_000_000)
        target.sandbox.faults.add(
            FaultRule(
                "no", .operation(.putObject, times: 1), .status(.init(403, code: "AccessDenied", isEarly: isEarly))))
        let (one, other) = (client(source), client(target))
        let error = await #expect(throws: S3Error.self) { try await relay(one, other, size: 3_000_000) }
        #expect(error?.operation == .putObject && error?.kind == .refused, "\(error.map { "\($0)" } ?? "")")
        _ = try await relay(one, other, size: 3_000_000)
        #expect(try target.sandbox.store.bytes(of: "k", in: Self.bucket) == content)
    }

    @Test("A target whose connection breaks is the reason, and the next one passes")
    func brokenTarget() async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        let content = try source.put("k", count: 3_000_000)
        target.sandbox.faults.add(FaultRule("cut", .operation(.putObject, times: 1), .cutRequest(afterBytes: 100_000)))
        let (one, other) = (client(source), client(target))
        let error = await #expect(throws: S3Error.self) { try await relay(one, other, size: 3_000_000) }
        #expect(error?.operation == .putObject && error?.isTransient == true)
        _ = try await relay(one, other, size: 3_000_000)
        #expect(try target.sandbox.store.bytes(of: "k", in: Self.bucket) == content)
    }

    @Test("A missing object and a busy source are told before anything is sent")
    func openFailures() async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        let (one, other) = (client(source), client(target))
        let missing = await #expect(throws: S3Error.self) { try await relay(one, other, size: 1) }
        #expect(missing?.kind == .noSuchKey && missing?.code == "NoSuchKey")
        source.sandbox.faults.add(FaultRule("busy", .operation(.getObject), .status(.init(503, code: "SlowDown"))))
        let busy = await #expect(throws: S3Error.self) { try await relay(one, other, size: 1) }
        #expect(busy?.kind == .slowDown)
        #expect(target.sandbox.requests.records.isEmpty)
    }

    @Test("A stalled source is given up for what it is, not for its consequence")
    func stalledSource() async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        try source.put("k", count: 3_000_000)
        source.sandbox.faults.add(
            FaultRule("stall", .operation(.getObject), .stall(afterBytes: 500_000, seconds: nil)))
        var timeouts = ConnectionOptions.Timeouts()
        timeouts.stall = .milliseconds(50)
        timeouts.firstByte = .milliseconds(50)
        let quick = ConnectionOptions(timeouts: timeouts)
        let error = await #expect(throws: S3Error.self) {
            try await relay(client(source, quick), client(target, quick), size: 3_000_000)
        }
        #expect(error?.operation == .getObject && error?.kind == .timedOut, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("Bandwidth limits slow a relay down to their rate and break nothing", arguments: [true, false])
    func rateLimit(_ isUpload: Bool) async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        let content = try source.put("k", count: 6_000_000)
        let limit = RateLimit(bytesPerSecond: 12_000_000)
        let one = client(source, ConnectionOptions(downloadLimit: isUpload ? nil : limit))
        let other = client(target, ConnectionOptions(uploadLimit: isUpload ? limit : nil))
        let began = SystemTime().now()
        _ = try await relay(one, other, size: 6_000_000)
        let seconds = Double(SystemTime().now() - began) / 1e9
        // Half a second; the tenth at the start and the last buffers of 512 KiB are not waited for.
        #expect(seconds > 0.25)
        #expect(try target.sandbox.store.bytes(of: "k", in: Self.bucket) == content)
    }

    @Test("Objects that go in one piece keep a bandwidth limit, too", arguments: [true, false])
    func rateOfMany(_ isUpload: Bool) async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        try source.put("k", count: 70_000)
        let limit = RateLimit(bytesPerSecond: 4_000_000)
        let one = client(source, ConnectionOptions(downloadLimit: isUpload ? nil : limit))
        let other = client(target, ConnectionOptions(uploadLimit: isUpload ? limit : nil))
        let began = SystemTime().now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 { group.addTask { _ = try await relay(one, other, size: 70_000) } }
            try await group.waitForAll()
        }
        // 0.7 seconds, less the tenth at the start.
        #expect(Double(SystemTime().now() - began) / 1e9 > 0.55)
    }

    @Test("Many relays at once over few places all pass")
    func many() async throws {
        let source = try ServerUnderTest()
        let target = try ServerUnderTest()
        let content = try source.put("k", count: 300_000)
        let one = source.client { $0.reads = ConcurrencyLimit.Bounds(initial: 3, maximum: 3) }
        let other = target.client { $0.writes = ConcurrencyLimit.Bounds(initial: 2, maximum: 2) }
        let etags = try await withThrowingTaskGroup(of: ETag.self) { group in
            for _ in 0..<20 { group.addTask { try await relay(one, other, size: 300_000) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(etags == Array(repeating: .md5(MD5Hasher.digest(content)), count: 20))
    }
}
