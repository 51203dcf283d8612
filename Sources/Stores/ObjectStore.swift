public import ObjectModel
public import S3

/// What can be read of a set of objects: the part of a bucket below a prefix, or (another adapter) a folder. Nothing in
/// it changes anything on the server, so who is given no more cannot write.
///
/// Keys are relative to the prefix, so nobody above sees where a store is rooted. All calls are made from tasks that run
/// on a `Reactor`. Failures are `S3Error`s whose kind says what to do; a missing object is an answer, not a failure, where
/// a call says so.
public protocol ReadableStore: Sendable {
    /// The place as the user gave it, for messages.
    var name: String { get }
    /// The place in a form that is the same in every run: what state is filed under.
    var identity: String { get }
    /// The server that holds it, for what is remembered of a server.
    var endpointIdentity: String { get }
    /// Bytes that a listing's keys have before the relative key.
    var prefixLength: Int { get }
    /// What a relative key is called on the server.
    func fullKey(_ key: ObjectKey) -> ObjectKey

    /// Reads the keys that come after `start` and not after `last`, or all of them, in the server's order. A part can be
    /// asked for only where that is the order of bytes.
    func listing(after start: ObjectKey?, through last: ObjectKey?) -> any PageReader
    /// The first key after `start`, in the order of bytes; nil if there is none.
    func firstKey(after start: ObjectKey) async throws(S3Error) -> ObjectKey?
    /// Whether there is no object at all; throws where the bucket is gone.
    func isEmpty() async throws(S3Error) -> Bool
    /// Nil if the object is missing and its bucket is not known to be.
    func head(_ key: ObjectKey) async throws(S3Error) -> ObjectInfo?
    /// Whether the bucket is there: asked before an object's absence is believed.
    func exists() async throws(S3Error) -> Bool
    /// Asks the server for a sign of life, whatever else is under way.
    func ping() async
    /// What the listing has under exactly this key, which need not be what a HEAD answers; nil if it is not listed.
    func listed(_ key: ObjectKey) async throws(S3Error) -> ListedObject?
    func tags(of key: ObjectKey) async throws(S3Error) -> [ObjectHeaders.NameValue]
    /// Reads an object of at most `limit` bytes.
    func read(_ key: ObjectKey, ifMatch: ETag?, limit: Int) async throws(S3Error) -> (ObjectInfo, ByteBlock)
    /// Begins to read into `ring`.
    func open(
        _ key: ObjectKey, ifMatch: ETag?, range: ClosedRange<Int64>?, into ring: BodyRing
    ) async throws(S3Error) -> ObjectDownload
    /// The first part's size of a multipart object, and whether all parts may have it; nil where the server does not tell.
    func partLayout(of key: ObjectKey, size: Int64, parts: Int) async throws(S3Error) -> (
        first: Int64, isUniform: Bool
    )?
    /// Every part's size; a request a part.
    func allPartSizes(of key: ObjectKey, size: Int64, parts: Int) async throws(S3Error) -> [Int64]?

    /// The server's clock minus ours in milliseconds, as far as it is known.
    var clockOffset: Int64? { get }
    /// Counts the requests of the client behind this store, which other stores may share.
    var counters: RequestCounters { get }
}

/// A set of objects that can be mirrored: read, written, deleted.
public protocol ObjectStore: ReadableStore {
    /// Creates the bucket if it is missing.
    func create() async throws(S3Error)
    func write(
        _ key: ObjectKey, headers: ObjectHeaders, body: ByteBlock, contentMD5: MD5Digest?
    ) async throws(S3Error) -> WriteResult
    /// Stores what `feed` brings into `ring`; the caller holds a place of the write limit.
    func write(
        _ key: ObjectKey, headers: ObjectHeaders, from ring: BodyRing, length: Int64, contentMD5: MD5Digest?,
        feed: ObjectDownload
    ) async throws(S3Error) -> WriteResult
    func withWritePlace<T>(_ body: () async throws -> T) async throws -> T
    /// Gives a stored object other headers and tags without moving its bytes; the answer's ETag may differ.
    func setHeaders(
        _ key: ObjectKey, headers: ObjectHeaders, tagsDiffer: Bool, ifMatch: ETag
    ) async throws(S3Error) -> WriteResult
    /// For each key, why it was not deleted (nil: it is gone).
    func delete(_ keys: [ObjectKey]) async throws(S3Error) -> [S3Error?]
    /// Keeps a copy of `key` under `trash` (a full key prefix) before it is replaced or deleted.
    func keep(_ key: ObjectKey, size: Int64, under trash: ObjectKey) async throws(S3Error)

    /// Keys of writes and deletions that ended without an answer since this was asked last, and that may yet be done.
    func takeUnanswered() -> [ObjectKey]

    // Multipart

    func createUpload(_ key: ObjectKey, headers: ObjectHeaders) async throws(S3Error) -> String
    func uploadPart(
        _ key: ObjectKey, upload: String, number: Int, from ring: BodyRing, length: Int64, contentMD5: MD5Digest?,
        feed: ObjectDownload
    ) async throws(S3Error) -> ETag
    func completeUpload(
        _ key: ObjectKey, upload: String, parts: [UploadedPart]
    ) async throws(S3Error) -> WriteResult
    func abortUpload(_ key: ObjectKey, upload: String) async throws(S3Error)
    func listParts(_ key: ObjectKey, upload: String) async throws(S3Error) -> [UploadedPart]
    /// The uploads under way for exactly this key: upload ID and when it began.
    func uploads(of key: ObjectKey) async throws(S3Error) -> [(id: String, initiated: Timestamp?)]
}

/// What a listing says of one object.
public struct ListedObject: Sendable, Hashable {
    public var size: Int64
    public var etag: ETag
    public var lastModified: Timestamp

    public init(size: Int64, etag: ETag, lastModified: Timestamp) {
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
    }
}

/// Pages of a listing in the order they came.
public protocol PageReader: AnyObject {
    /// The next page; nil after the last one. A listing that ends in any other way throws.
    func next() async throws -> ListingPage?
    /// Lets the listing end with this key (relative, in the order of bytes), which no page given so far has passed.
    func bound(through last: ObjectKey)
}
