public import ObjectModel
public import S3
public import Stores

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
        onLive: @escaping @Sendable () -> Void, onChanges: @escaping @Sendable ([KeyChange]) -> Void
    ) async throws(StoreError) -> Never {
        var options = ListenOptions()
        options.firstByteAfter = .seconds(5)
        do throws(S3Error) {
            try await client.listen(bucket: bucket, prefix: prefix, options: options, onLive: onLive) { events in
                onChanges(events.map(KeyChange.init))
            }
        } catch {
            throw StoreError(error)
        }
    }
}

extension KeyChange {
    init(_ event: BucketEvent) {
        let kind: Kind =
            switch event.kind {
            case .created: .created
            case .removed: .removed
            case .other: .other
            }
        self.init(
            kind: kind, bucket: event.bucket, keys: event.keys, size: event.size, etag: event.etag, time: event.time)
    }
}
