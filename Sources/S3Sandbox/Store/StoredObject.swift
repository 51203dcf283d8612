public import ObjectModel

/// One version of an object as a table holds it.
public struct StoredObject: Sendable {
    public var key: ObjectKey
    public var body: any ObjectBody
    /// Without quotes; empty on a server that gives none.
    public var etag: String
    public var modified: Timestamp
    /// `content-type`, `cache-control`, `x-amz-meta-…` and so on: names in lower case, as they go into an answer.
    public var headers: [ObjectHeaders.NameValue]
    public var tags: [ObjectHeaders.NameValue]
    /// The parts it was uploaded in; empty for a single upload.
    public var parts: [Part]
    /// Checksums by header name (`x-amz-checksum-crc32`), base64.
    public var checksums: [ObjectHeaders.NameValue]
    /// Unique in its table and ascending with time; the version ID where the bucket is versioned.
    public var id: String
    /// Whether it was written to a versioned bucket; the version ID is `null` otherwise.
    public var isVersioned: Bool
    public var isDeleteMarker: Bool

    public struct Part: Hashable, Sendable {
        /// 1 to 10,000.
        public var number: Int
        public var size: Int64
        public var etag: String
    }

    public var size: Int64 { body.size }
    public var versionID: String { isVersioned ? id : "null" }
    public var storageClass: String { header("x-amz-storage-class") ?? "STANDARD" }

    /// The value of the header with this lower-case name.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    init(
        key: ObjectKey, body: any ObjectBody, etag: String, modified: Timestamp, id: String,
        headers: [ObjectHeaders.NameValue] = [], tags: [ObjectHeaders.NameValue] = [], parts: [Part] = [],
        checksums: [ObjectHeaders.NameValue] = [], isVersioned: Bool = false, isDeleteMarker: Bool = false
    ) {
        self.key = key
        self.body = body
        self.etag = etag
        self.modified = modified
        self.headers = headers
        self.tags = tags
        self.parts = parts
        self.checksums = checksums
        self.id = id
        self.isVersioned = isVersioned
        self.isDeleteMarker = isDeleteMarker
    }
}
