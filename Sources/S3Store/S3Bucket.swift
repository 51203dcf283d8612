public import ObjectModel
public import Reactor
public import Runtime
public import S3
public import Stores

/// The objects of a bucket whose keys begin with a prefix.
public final class S3Bucket: ObjectStore {
    public let name: String
    public let bucket: String
    public let prefix: ObjectKey
    public let client: S3Client
    private let storageClass: String?

    /// `storageClass` is what written objects are stored as; nil leaves it to the server.
    public init(name: String, client: S3Client, bucket: String, prefix: ObjectKey, storageClass: String? = nil) {
        self.name = name
        self.client = client
        self.bucket = bucket
        self.prefix = prefix
        self.storageClass = storageClass
    }

    public var identity: String { "\(client.endpoint.url)/\(bucket)/\(prefix)" }
    public var endpointIdentity: String { client.endpoint.url }
    public var clockOffset: Int64? { client.clockOffset }
    public var counters: RequestCounters { client.counters }
    public var capabilities: Capabilities { Capabilities() }
    public var prefixLength: Int { prefix.bytes.count }

    public func fullKey(_ key: ObjectKey) -> ObjectKey {
        prefix.bytes.isEmpty ? key : key.prefixed(by: prefix)
    }

    // MARK: Reading

    public func listing(after start: ObjectKey?, through last: ObjectKey?) -> any PageReader {
        BucketPages(
            client.listObjects(
                bucket: bucket, prefix: prefix, startAfter: start.map(fullKey), through: last.map(fullKey)),
            prefix: prefix)
    }

    public func firstKey(after start: ObjectKey) async throws(StoreError) -> ObjectKey? {
        let listing = client.listObjects(bucket: bucket, prefix: prefix, startAfter: fullKey(start), pageSize: 1)
        let page = try await translated { try await listing.next()?.page }
        guard let page, page.count > 0 else { return nil }
        return page.key(at: 0).droppingFirst(prefixLength)
    }

    public func isEmpty() async throws(StoreError) -> Bool {
        // Without a key to start after: SeaweedFS takes one that names a folder for the end of what is in it.
        let listing = client.listObjects(bucket: bucket, prefix: prefix, pageSize: 1)
        return try await translated { try await listing.next()?.count ?? 0 == 0 }
    }

    public func head(_ key: ObjectKey) async throws(StoreError) -> ObjectInfo? {
        do throws(S3Error) {
            return try await client.headObject(bucket: bucket, key: fullKey(key))
        } catch {
            if error.kind == .noSuchKey { return nil }
            throw StoreError(error)
        }
    }

    public func exists() async throws(StoreError) -> Bool {
        try await translated { try await client.headBucket(bucket) }
    }

    public func ping() async { _ = await client.ping(bucket) }

    public func listed(_ key: ObjectKey) async throws(StoreError) -> ObjectState? {
        let full = fullKey(key)
        // Asked for by its whole name, a server may name what it found as it was asked. So the listing begins before the
        // part that it may have changed.
        if let stem = Self.stem(of: full), let answer = try await find(full, below: stem, pages: 5) {
            return answer.object
        }
        return try await find(full, below: full, pages: 1)?.object
    }

    /// Looks for `key` in the first pages of the listing below `prefix`; nil if they do not tell.
    private func find(
        _ key: ObjectKey, below prefix: ObjectKey, pages: Int
    ) async throws(StoreError) -> (object: ObjectState?, Void)? {
        let listing = client.listObjects(bucket: bucket, prefix: prefix, pageSize: prefix == key ? 1 : nil)
        for _ in 0..<pages {
            guard let page = try await translated({ try await listing.next()?.page }) else { return (nil, ()) }
            for index in 0..<page.count where page.key(at: index) == key { return (page.state(at: index), ()) }
        }
        return prefix == key ? (nil, ()) : nil
    }

    /// The part of a key before the first byte that servers are known to change: `//`, `\`, a slash at either end, a
    /// segment of dots. Nil where there is none.
    static func stem(of key: ObjectKey) -> ObjectKey? {
        let bytes = key.bytes
        let slash = UInt8(ascii: "/")
        if bytes.first == slash { return ObjectKey(bytes: []) }
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\\") { return ObjectKey(bytes: Array(bytes[..<index])) }
            guard byte == slash else { continue }
            let next = bytes[(index + 1)...].prefix { $0 != slash }
            if next.isEmpty || next.allSatisfy({ $0 == UInt8(ascii: ".") }) {
                return ObjectKey(bytes: Array(bytes[..<index]))
            }
        }
        return nil
    }

    public func tags(of key: ObjectKey) async throws(StoreError) -> [ObjectHeaders.NameValue] {
        try await translated { try await client.objectTags(bucket: bucket, key: fullKey(key)) }
    }

    public func read(
        _ key: ObjectKey, ifMatch: ETag?, limit: Int
    ) async throws(StoreError) -> (ObjectInfo, ByteBlock) {
        try await translated {
            try await client.getObject(
                bucket: bucket, key: fullKey(key), options: ReadOptions(ifMatch: ifMatch), limit: limit)
        }
    }

    public func open(
        _ key: ObjectKey, ifMatch: ETag?, range: ClosedRange<Int64>?, into ring: ByteRing
    ) async throws(StoreError) -> any ObjectDownload {
        let options = ReadOptions(ifMatch: ifMatch, range: range)
        do throws(S3Error) {
            return S3Download(
                download: try await client.openObject(bucket: bucket, key: fullKey(key), options: options, into: ring))
        } catch {
            throw StoreError(error)
        }
    }

    public func partLayout(
        of key: ObjectKey, size: Int64, parts: Int
    ) async throws(StoreError) -> (first: Int64, isUniform: Bool)? {
        try await translated {
            try await client.partLayout(bucket: bucket, key: fullKey(key), size: size, parts: parts)
        }
    }

    public func allPartSizes(of key: ObjectKey, size: Int64, parts: Int) async throws(StoreError) -> [Int64]? {
        try await translated {
            try await client.allPartSizes(bucket: bucket, key: fullKey(key), size: size, parts: parts)
        }
    }

    // MARK: Writing

    public func takeUnanswered() -> [ObjectKey] {
        client.unanswered.take(from: bucket, prefix: prefix).map { $0.droppingFirst(prefixLength) }
    }

    public func create() async throws(StoreError) {
        try await translated { try await client.createBucket(bucket) }
    }

    public func write(
        _ key: ObjectKey, headers: ObjectHeaders, body: ByteBlock, contentMD5: MD5Digest?
    ) async throws(StoreError) -> WriteResult {
        WriteResult(
            try await translated {
                try await client.putObject(
                    bucket: bucket, key: fullKey(key), headers: headers, body: body, contentMD5: contentMD5,
                    storageClass: storageClass)
            })
    }

    public func write(
        _ key: ObjectKey, headers: ObjectHeaders, from ring: ByteRing, length: Int64, contentMD5: MD5Digest?,
        feed: any ObjectDownload
    ) async throws(StoreError) -> WriteResult {
        WriteResult(
            try await translated {
                try await client.putObject(
                    bucket: bucket, key: fullKey(key), headers: headers, from: ring, length: length,
                    contentMD5: contentMD5, storageClass: storageClass, feed: StoreFeed(download: feed))
            })
    }

    public func withWritePlace<T>(_ body: () async throws -> T) async throws -> T {
        try await client.withWritePlace(body) { error in
            guard let error = error as? StoreError else { return false }
            return error.kind == .slowDown && error.server == client.endpoint.url
        }
    }

    public func setHeaders(
        _ key: ObjectKey, headers: ObjectHeaders, tagsDiffer: Bool, ifMatch: ETag
    ) async throws(StoreError) -> WriteResult {
        let place = (bucket: bucket, key: fullKey(key))
        return try await translated {
            let result = try await client.copyObject(from: place, to: place, headers: headers, ifMatch: ifMatch)
            // Some servers (JuiceFS 1.4) leave the tags as they were, whatever the directive says.
            if tagsDiffer { try await client.setObjectTags(bucket: bucket, key: place.key, tags: headers.tags) }
            return WriteResult(result)
        }
    }

    public func delete(_ keys: [ObjectKey]) async throws(StoreError) -> [StoreError?] {
        let failures = try await translated { try await client.deleteObjects(bucket: bucket, keys: keys.map(fullKey)) }
        return failures.map { failure in failure.map { StoreError($0) } }
    }

    public func keep(_ key: ObjectKey, size: Int64, under trash: ObjectKey) async throws(StoreError) {
        let source = (bucket: bucket, key: fullKey(key))
        let target = (bucket: bucket, key: fullKey(key).prefixed(by: trash))
        try await translated {
            if size <= Self.copyLimit {
                _ = try await client.copyObject(from: source, to: target, headers: nil)
            } else {
                try await client.copyLargeObject(from: source, to: target)
            }
        }
    }

    /// What one CopyObject moves at most: 5 GiB.
    static let copyLimit: Int64 = 5 << 30

    // MARK: Multipart

    public func createUpload(_ key: ObjectKey, headers: ObjectHeaders) async throws(StoreError) -> String {
        try await translated {
            try await client.createUpload(
                bucket: bucket, key: fullKey(key), headers: headers, storageClass: storageClass
            ).id
        }
    }

    public func uploadPart(
        _ key: ObjectKey, upload: String, number: Int, from ring: ByteRing, length: Int64, contentMD5: MD5Digest?,
        feed: any ObjectDownload
    ) async throws(StoreError) -> ETag {
        try await translated {
            try await client.uploadPart(
                handle(key, upload), number: number, from: ring, length: length, contentMD5: contentMD5,
                feed: StoreFeed(download: feed))
        }
    }

    public func completeUpload(
        _ key: ObjectKey, upload: String, parts: [StoredPart]
    ) async throws(StoreError) -> WriteResult {
        let uploaded = parts.map { UploadedPart(number: $0.number, etag: $0.etag, size: $0.size) }
        return WriteResult(
            try await translated { try await client.completeUpload(handle(key, upload), parts: uploaded) })
    }

    public func abortUpload(_ key: ObjectKey, upload: String) async throws(StoreError) {
        try await translated { try await client.abortUpload(handle(key, upload)) }
    }

    public func listParts(_ key: ObjectKey, upload: String) async throws(StoreError) -> [StoredPart] {
        try await translated { try await client.listParts(handle(key, upload)) }
            .map { StoredPart(number: $0.number, etag: $0.etag, size: $0.size) }
    }

    public func uploads(of key: ObjectKey) async throws(StoreError) -> [(id: String, initiated: Timestamp?)] {
        let full = fullKey(key)
        return try await translated { try await client.listUploads(bucket: bucket, prefix: full) }
            .filter { $0.upload.key == full }.map { ($0.upload.id, $0.initiated) }
    }

    private func handle(_ key: ObjectKey, _ upload: String) -> MultipartUpload {
        MultipartUpload(bucket: bucket, key: fullKey(key), id: upload)
    }
}

/// A bucket's listing, bounded by keys without the prefix.
private final class BucketPages: PageReader {
    private let listing: ObjectListing
    private let prefix: ObjectKey

    init(_ listing: ObjectListing, prefix: ObjectKey) {
        self.listing = listing
        self.prefix = prefix
    }

    func next() async throws -> ListingPage? { try await translated { try await listing.next()?.page } }

    func bound(through last: ObjectKey) { listing.bound(through: last.prefixed(by: prefix)) }
}

extension WriteResult {
    init(_ result: PutResult) { self.init(etag: result.etag, versionID: result.versionID) }
}
