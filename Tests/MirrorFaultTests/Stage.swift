import Journal
import MirrorEngine
import ObjectModel
import Reactor
import Runtime
import S3
import S3Sandbox
import S3Store
import Stores

/// Two sandbox servers with a bucket each, and mirror runs between them with short waits.
final class Stage: Sendable {
    static let bucket = "data"
    let source: Sandbox
    let target: Sandbox
    /// Its own, so that no other test holds it up.
    let reactor = Reactor(name: "fault-tests")

    init(source: Behaviour = Behaviour(), target: Behaviour = Behaviour()) throws {
        self.source = try Self.server(source)
        self.target = try Self.server(target)
    }

    private static func server(_ behaviour: Behaviour) throws -> Sandbox {
        var options = Sandbox.Options()
        options.buckets = [bucket]
        options.behaviour = behaviour
        return try Sandbox.start(options)
    }

    func stop() {
        source.stop()
        target.stop()
        reactor.stop()
    }

    /// What a run ended with and said.
    struct Result: Sendable {
        let summary: MirrorSummary
        let reports: [ObjectReport]
        let notices: [String]

        func report(_ key: ObjectKey) -> ObjectReport? { reports.last { $0.key == key } }
    }

    /// Mirrors once. `journal` is nil for a run without state; `onStart` gets the run before it begins.
    func mirror(
        journal: Journal? = nil, reads: ConcurrencyLimit.Bounds = ConcurrencyLimit.Bounds(),
        firstByte: Duration = .milliseconds(3000), _ change: (inout MirrorOptions) -> Void = { _ in },
        onStart: (MirrorRun) -> Void = { _ in }
    ) async -> Result {
        var options = MirrorOptions()
        options.backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(4))
        change(&options)
        let said = Said()
        let run = MirrorRun(
            source: store(source, "source", firstByte: firstByte, reads: reads),
            target: store(target, "target", firstByte: firstByte), options: options,
            journal: journal,
            budget: ByteBudget(capacity: 20 << 20), surroundings: .system, executors: [reactor]
        ) { said.add($0) }
        onStart(run)
        let summary = await run.run()
        return said.result(summary)
    }

    private final class Said: Sendable {
        private let state = Mutex(([ObjectReport](), [String]()))

        func add(_ event: MirrorEvent) {
            state.withLock { state in
                switch event {
                case .object(let report): state.0.append(report)
                case .notice(let text), .guarded(let text): state.1.append(text)
                }
            }
        }

        func result(_ summary: MirrorSummary) -> Result {
            state.withLock { Result(summary: summary, reports: $0.0, notices: $0.1) }
        }
    }

    func store(
        _ server: Sandbox, _ name: String, prefix: ObjectKey = "", firstByte: Duration = .milliseconds(3000),
        reads: ConcurrencyLimit.Bounds = ConcurrencyLimit.Bounds()
    ) -> S3Bucket {
        var timeouts = ConnectionOptions.Timeouts()
        timeouts.firstByte = firstByte
        timeouts.stall = .milliseconds(700)
        var options = S3Client.Options()
        options.retries.backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(4))
        options.retries.absence = options.retries.backoff
        options.retries.attempts = 3
        options.reads = reads
        let client = S3Client(
            endpoint: Endpoint(scheme: .http, host: "127.0.0.1", port: server.port),
            credentials: Credentials(
                accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            connection: ConnectionOptions(timeouts: timeouts), options: options)
        return S3Bucket(name: name, client: client, bucket: Self.bucket, prefix: prefix)
    }

    // MARK: Objects, planted and read without our client

    /// `age` in seconds.
    func put(
        _ key: ObjectKey, _ bytes: [UInt8], partSize: Int? = nil, type: String = "text/plain", age: Int64 = 0
    ) throws {
        try Self.put(source, key, bytes, partSize: partSize, type: type, age: age)
    }

    func putTarget(_ key: ObjectKey, _ bytes: [UInt8]) throws {
        try Self.put(target, key, bytes)
    }

    static func put(
        _ server: Sandbox, _ key: ObjectKey, _ bytes: [UInt8], partSize: Int? = nil, type: String = "text/plain",
        age: Int64 = 0
    ) throws {
        try server.store.put(
            key, in: bucket, bytes, headers: [ObjectHeaders.NameValue("content-type", type)], partSize: partSize,
            age: age)
    }

    func targetBytes(_ key: ObjectKey) throws -> [UInt8]? {
        try target.store.bytes(of: key, in: Self.bucket)
    }

    /// Everything a server holds.
    func contents(of server: Sandbox) throws -> [ObjectKey: [UInt8]] {
        var contents: [ObjectKey: [UInt8]] = [:]
        for key in server.store.keys(in: Self.bucket) {
            contents[key] = try server.store.bytes(of: key, in: Self.bucket)
        }
        return contents
    }

    /// Keys whose bytes, ETag, type, metadata or tags differ between the servers.
    func differences() throws -> [ObjectKey] {
        let keys = Set(source.store.keys(in: Self.bucket) + target.store.keys(in: Self.bucket))
        return try keys.filter { key in
            let left = source.store.object(key, in: Self.bucket)
            let right = target.store.object(key, in: Self.bucket)
            return try left?.etag != right?.etag || left?.header("content-type") != right?.header("content-type")
                || left?.metadata != right?.metadata || left.map { Set($0.tags) } != right.map { Set($0.tags) }
                || source.store.bytes(of: key, in: Self.bucket) != target.store.bytes(of: key, in: Self.bucket)
        }.sorted()
    }

    var targetUploads: Int { target.store.uploadCount(in: Self.bucket) }
}

extension StoredObject {
    fileprivate var metadata: Set<ObjectHeaders.NameValue> {
        Set(headers.filter { $0.name.hasPrefix("x-amz-meta-") })
    }
}

/// `count` bytes that no other seed has.
func patterned(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        var word = generator.next()
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }
    return Array(bytes.prefix(count))
}
