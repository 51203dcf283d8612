import Glibc
import ObjectModel
import Reactor
import Runtime
import S3Sandbox

@testable import S3

/// A sandbox with the bucket `apks`, and clients of it.
struct ServerUnderTest {
    static let bucket = "apks"

    /// One thread for the clients of all tests, as a program has.
    static let reactor = Reactor(name: "tests")

    let sandbox: Sandbox

    init(_ change: (inout Sandbox.Options) -> Void = { _ in }) throws {
        var options = Sandbox.Options()
        options.buckets = [Self.bucket]
        change(&options)
        sandbox = try Sandbox.start(options)
    }

    static let credentials = Credentials(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

    /// A client that repeats at once, three tries in all.
    func client(
        connection: ConnectionOptions = ConnectionOptions(), _ change: (inout S3Client.Options) -> Void = { _ in }
    ) -> S3Client {
        Self.client(port: sandbox.port, connection: connection, change)
    }

    static func client(
        port: Int, connection: ConnectionOptions = ConnectionOptions(),
        _ change: (inout S3Client.Options) -> Void = { _ in }
    ) -> S3Client {
        var options = S3Client.Options()
        options.retries.attempts = 3
        options.retries.backoff = Backoff(base: .zero, cap: .zero)
        options.retries.absence = options.retries.backoff
        change(&options)
        return S3Client(
            endpoint: Endpoint(scheme: .http, host: "127.0.0.1", port: port), credentials: credentials,
            connection: connection, options: options)
    }

    /// Puts an object of `count` bytes behind the server's back.
    @discardableResult
    func put(_ key: ObjectKey, count: Int, partSize: Int? = nil) throws -> [UInt8] {
        let bytes = Self.bytes(count)
        try sandbox.store.put(key, in: Self.bucket, bytes, partSize: partSize)
        return bytes
    }

    static func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { bytes += pattern.prefix(count - bytes.count) }
        return bytes
    }

    /// No power of two long, so that it lies differently in every buffer.
    private static let pattern = (0..<65_537).map { UInt8(truncatingIfNeeded: ($0 &* 7) ^ ($0 >> 8)) }

    /// The statuses that requests of one operation were answered with, in order.
    func statuses(_ operation: S3Sandbox.Operation) -> [Int] {
        sandbox.requests.records.filter { $0.operation == operation }.map(\.status)
    }
}

/// Runs `body` on the tests' reactor.
func onReactor<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await Task(executorPreference: ServerUnderTest.reactor, operation: body).value
}

extension S3Client {
    /// The bytes of an object, held.
    func bytes(of key: ObjectKey, options: ReadOptions = ReadOptions(), limit: Int = 10 << 20) async throws -> [UInt8] {
        try await getObject(bucket: ServerUnderTest.bucket, key: key, options: options, limit: limit).1.bytes
    }

    /// All keys of the bucket, page by page.
    func keys(prefix: ObjectKey = "") async throws -> [[ObjectKey]] {
        let listing = listObjects(bucket: ServerUnderTest.bucket, prefix: prefix)
        var pages: [[ObjectKey]] = []
        while let page = try await listing.next() { pages.append((0..<page.count).map { page.page.key(at: $0) }) }
        return pages
    }
}
