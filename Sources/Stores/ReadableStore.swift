public import ObjectModel
public import Reactor
public import Runtime

/// What can be read of a set of objects: the part of a bucket below a prefix, or (another adapter) a folder. Nothing in
/// it changes anything on the server, so who is given no more cannot write.
///
/// Keys are relative to the prefix, so nobody above sees where a store is rooted. All calls are made from tasks that run
/// on an executor of the engine's. Failures are `StoreError`s whose kind says what to do; a missing object is an answer, not a failure, where
/// a call says so.
public protocol ReadableStore: Sendable {
    /// The place as the user gave it, for messages.
    var name: String { get }
    /// The place in a form that is the same in every run: what state is filed under.
    var identity: String { get }
    /// The server that holds it, for what is remembered of a server.
    var endpointIdentity: String { get }
    /// What it can do.
    var capabilities: Capabilities { get }
    /// Bytes that a listing's keys have before the relative key.
    var prefixLength: Int { get }
    /// What a relative key is called on the server.
    func fullKey(_ key: ObjectKey) -> ObjectKey

    /// Reads the keys that come after `start` and not after `last`, or all of them, in the server's order. A part can be
    /// asked for only where that is the order of bytes.
    func listing(after start: ObjectKey?, through last: ObjectKey?) -> any PageReader
    /// The first key after `start`, in the order of bytes; nil if there is none.
    func firstKey(after start: ObjectKey) async throws(StoreError) -> ObjectKey?
    /// Whether there is no object at all; throws where the bucket is gone.
    func isEmpty() async throws(StoreError) -> Bool
    /// Nil if the object is missing and its bucket is not known to be.
    func head(_ key: ObjectKey) async throws(StoreError) -> ObjectInfo?
    /// Whether the bucket is there: asked before an object's absence is believed.
    func exists() async throws(StoreError) -> Bool
    /// Asks the server for a sign of life, whatever else is under way.
    func ping() async
    /// What the listing has under exactly this key, which need not be what a HEAD answers; nil if it is not listed.
    func listed(_ key: ObjectKey) async throws(StoreError) -> ObjectState?
    func tags(of key: ObjectKey) async throws(StoreError) -> [ObjectHeaders.NameValue]
    /// Reads an object of at most `limit` bytes.
    func read(_ key: ObjectKey, ifMatch: ETag?, limit: Int) async throws(StoreError) -> (ObjectInfo, ByteBlock)
    /// Begins to read into `ring`.
    func open(
        _ key: ObjectKey, ifMatch: ETag?, range: ClosedRange<Int64>?, into ring: ByteRing
    ) async throws(StoreError) -> any ObjectDownload
    /// The first part's size of a multipart object, and whether all parts may have it; nil where the server does not tell.
    func partLayout(of key: ObjectKey, size: Int64, parts: Int) async throws(StoreError) -> (
        first: Int64, isUniform: Bool
    )?
    /// Every part's size; a request a part.
    func allPartSizes(of key: ObjectKey, size: Int64, parts: Int) async throws(StoreError) -> [Int64]?

    /// The server's clock minus ours in milliseconds, as far as it is known.
    var clockOffset: Int64? { get }
    /// Counts the requests of the client behind this store, which other stores may share.
    var counters: RequestCounters { get }
}
