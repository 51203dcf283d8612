public import ObjectModel
public import S3

/// A server's stream of changes, however it is had.
public protocol ChangeStream: Sendable {
    /// Tells changes until the stream ends, which is always an error; see `S3Client.listen`. The keys told are full ones.
    func listen(
        onLive: @escaping @Sendable () -> Void, onEvents: @escaping @Sendable ([BucketEvent]) -> Void
    ) async throws(S3Error) -> Never
}

/// The changes that a server tells of the keys below a prefix, or of all its buckets.
public struct S3Changes: ChangeStream {
    private let client: S3Client
    private let bucket: String?
    private let prefix: ObjectKey

    /// - Parameter bucket: nil for all buckets.
    public init(_ client: S3Client, bucket: String?, prefix: ObjectKey = ObjectKey(bytes: [])) {
        self.client = client
        self.bucket = bucket
        self.prefix = prefix
    }

    public func listen(
        onLive: @escaping @Sendable () -> Void, onEvents: @escaping @Sendable ([BucketEvent]) -> Void
    ) async throws(S3Error) -> Never {
        var options = ListenOptions()
        options.firstByteAfter = .seconds(5)
        try await client.listen(bucket: bucket, prefix: prefix, options: options, onLive: onLive, onEvents: onEvents)
    }
}
