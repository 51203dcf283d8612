public import ObjectModel
public import Reactor

/// A set of objects that can be mirrored: read, written, deleted.
public protocol ObjectStore: ReadableStore {
    /// Creates the bucket if it is missing.
    func create() async throws(StoreError)
    func write(
        _ key: ObjectKey, headers: ObjectHeaders, body: ByteBlock, contentMD5: MD5Digest?
    ) async throws(StoreError) -> WriteResult
    /// Stores what `feed` brings into `ring`; the caller holds a place of the write limit.
    func write(
        _ key: ObjectKey, headers: ObjectHeaders, from ring: ByteRing, length: Int64, contentMD5: MD5Digest?,
        feed: any ObjectDownload
    ) async throws(StoreError) -> WriteResult
    func withWritePlace<T>(_ body: () async throws -> T) async throws -> T
    /// Gives a stored object other headers and tags without moving its bytes; the answer's ETag may differ.
    func setHeaders(
        _ key: ObjectKey, headers: ObjectHeaders, tagsDiffer: Bool, ifMatch: ETag
    ) async throws(StoreError) -> WriteResult
    /// For each key, why it was not deleted (nil: it is gone).
    func delete(_ keys: [ObjectKey]) async throws(StoreError) -> [StoreError?]
    /// Keeps a copy of `key` under `trash` (a full key prefix) before it is replaced or deleted.
    func keep(_ key: ObjectKey, size: Int64, under trash: ObjectKey) async throws(StoreError)

    /// Keys of writes and deletions that ended without an answer since this was asked last, and that may yet be done.
    func takeUnanswered() -> [ObjectKey]

    // Multipart

    func createUpload(_ key: ObjectKey, headers: ObjectHeaders) async throws(StoreError) -> String
    func uploadPart(
        _ key: ObjectKey, upload: String, number: Int, from ring: ByteRing, length: Int64, contentMD5: MD5Digest?,
        feed: any ObjectDownload
    ) async throws(StoreError) -> ETag
    func completeUpload(
        _ key: ObjectKey, upload: String, parts: [StoredPart]
    ) async throws(StoreError) -> WriteResult
    func abortUpload(_ key: ObjectKey, upload: String) async throws(StoreError)
    func listParts(_ key: ObjectKey, upload: String) async throws(StoreError) -> [StoredPart]
    /// The uploads under way for exactly this key: upload ID and when it began.
    func uploads(of key: ObjectKey) async throws(StoreError) -> [(id: String, initiated: Timestamp?)]
}
