import ObjectModel
import Reactor
import Runtime
import Stores

/// A store in memory that answers each request after a while, in the order of bytes.
final class DistantStore: ReadableStore {
    struct Traffic {
        /// Keys that listings were begun after, the whole one's left out.
        var starts: [ObjectKey] = []
        var pages = 0
        var underWay = 0
        /// Pages that were on their way at the same time.
        var most = 0
    }

    let name: String
    private let objects: [ListedObject]
    private let delay: Duration
    private let pageSize: Int
    /// Whether it tells where its listing can be cut.
    private let tellsCuts: Bool
    /// The page that would have this key fails.
    private let failsAt: ObjectKey?
    let traffic = Mutex(Traffic())
    let counters = RequestCounters()

    init(
        _ name: String, _ keys: [ObjectKey: ETag], delay: Duration = .milliseconds(2), pageSize: Int = 20,
        tellsCuts: Bool = true, failsAt: ObjectKey? = nil
    ) {
        self.name = name
        self.delay = delay
        self.pageSize = pageSize
        self.tellsCuts = tellsCuts
        self.failsAt = failsAt
        objects = keys.sorted { $0.key < $1.key }.map {
            ListedObject(
                key: $0.key, state: ObjectState(size: 1, etag: $0.value, lastModified: Timestamp(seconds: 1)))
        }
    }

    var identity: String { name }
    var endpointIdentity: String { name }
    var capabilities: Capabilities { Capabilities() }
    var prefixLength: Int { 0 }
    var clockOffset: Int64? { nil }

    func fullKey(_ key: ObjectKey) -> ObjectKey { key }

    /// Where the first key after `start` is.
    private func index(after start: ObjectKey?) -> Int {
        guard let start else { return 0 }
        var (low, high) = (0, objects.count)
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].key > start { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func find(_ key: ObjectKey) -> ObjectState? {
        let next = index(after: key) - 1
        return next >= 0 && objects[next].key == key ? objects[next].state : nil
    }

    private func wait() async { await SystemTime().sleep(for: delay) }

    func listing(after start: ObjectKey?, through last: ObjectKey?) -> any PageReader {
        if let start { traffic.withLock { $0.starts.append(start) } }
        return Pages(self, start, last)
    }

    private final class Pages: PageReader {
        private let store: DistantStore
        private var position: Int
        private var last: ObjectKey?

        init(_ store: DistantStore, _ start: ObjectKey?, _ last: ObjectKey?) {
            self.store = store
            position = store.index(after: start)
            self.last = last
        }

        func bound(through last: ObjectKey) { self.last = last }

        func next() async throws -> ListingPage? {
            store.traffic.withLock { traffic in
                traffic.pages += 1
                traffic.underWay += 1
                traffic.most = max(traffic.most, traffic.underWay)
            }
            await store.wait()
            store.traffic.withLock { $0.underWay -= 1 }
            let end = last.map { store.index(after: $0) } ?? store.objects.count
            let page = store.objects[position..<max(position, min(position + store.pageSize, end))]
            if let key = store.failsAt, let first = page.first, let last = page.last, first.key <= key, last.key >= key
            {
                throw StoreError(.serverFailure, server: store.name, operation: "List", message: "a disk failed")
            }
            position += page.count
            return page.isEmpty ? nil : ListingPage(Array(page))
        }
    }

    func firstKey(after start: ObjectKey) async throws(StoreError) -> ObjectKey? {
        await wait()
        let next = index(after: start)
        return tellsCuts && next < objects.count ? objects[next].key : nil
    }

    func head(_ key: ObjectKey) async throws(StoreError) -> ObjectInfo? {
        find(key).map { ObjectInfo(size: $0.size, etag: $0.etag, lastModified: $0.lastModified) }
    }

    func listed(_ key: ObjectKey) async throws(StoreError) -> ObjectState? { find(key) }
    func isEmpty() async throws(StoreError) -> Bool { objects.isEmpty }
    func exists() async throws(StoreError) -> Bool { true }
    func ping() async {}
    func tags(of key: ObjectKey) async throws(StoreError) -> [ObjectHeaders.NameValue] { [] }
    func partLayout(
        of key: ObjectKey, size: Int64, parts: Int
    ) async throws(StoreError) -> (first: Int64, isUniform: Bool)? { nil }
    func allPartSizes(of key: ObjectKey, size: Int64, parts: Int) async throws(StoreError) -> [Int64]? { nil }

    func read(_ key: ObjectKey, ifMatch: ETag?, limit: Int) async throws(StoreError) -> (ObjectInfo, ByteBlock) {
        throw StoreError(.notImplemented, server: name, operation: "Get")
    }

    func open(
        _ key: ObjectKey, ifMatch: ETag?, range: ClosedRange<Int64>?, into ring: ByteRing
    ) async throws(StoreError) -> any ObjectDownload {
        throw StoreError(.notImplemented, server: name, operation: "Get")
    }
}
