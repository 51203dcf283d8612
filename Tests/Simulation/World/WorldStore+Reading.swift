import ObjectModel
import Reactor
import Runtime
import Stores

extension WorldStore {
    func listing(after start: ObjectKey?, through last: ObjectKey?) -> any PageReader {
        WorldPages(self, after: start.map(fullKey), through: last.map(fullKey))
    }

    func firstKey(after start: ObjectKey) async throws(StoreError) -> ObjectKey? {
        let full = fullKey(start)
        let request = Request(operation: "ListObjectsV2", verb: .list)
        return try await ask(request) { [self] server, _ in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            let keys = server.keys.filter { $0.hasPrefix(prefix) && full < $0 }
            return .success(keys.min()?.droppingFirst(prefixLength))
        }
    }

    func isEmpty() async throws(StoreError) -> Bool {
        let request = Request(operation: "ListObjectsV2", verb: .list)
        return try await ask(request) { [self] server, _ in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            return .success(!server.keys.contains { $0.hasPrefix(prefix) })
        }
    }

    func exists() async throws(StoreError) -> Bool {
        try await ask(Request(operation: "HeadBucket", verb: .head)) { server, _ in .success(server.hasBucket) }
    }

    func ping() async {
        _ = try? await ask(Request(operation: "HeadBucket", verb: .head)) { _, _ in .success(()) }
    }

    func head(_ key: ObjectKey) async throws(StoreError) -> ObjectInfo? {
        let full = fullKey(key)
        let request = Request(operation: "HeadObject", verb: .head, key: key)
        let version = try await ask(request) { server, _ -> Result<Version?, StoreError> in
            .success(server.objects[full])
        }
        noteLook(key, isMissing: version == nil)
        return version.map { info(of: $0, $0.bytes.count) }
    }

    func listed(_ key: ObjectKey) async throws(StoreError) -> ObjectState? {
        let full = fullKey(key)
        let request = Request(operation: "ListObjectsV2", verb: .list, key: key)
        return try await ask(request) { [self] server, _ in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            return .success(server.objects[full].map(state))
        }
    }

    func tags(of key: ObjectKey) async throws(StoreError) -> [ObjectHeaders.NameValue] { [] }

    func read(_ key: ObjectKey, ifMatch: ETag?, limit: Int) async throws(StoreError) -> (ObjectInfo, ByteBlock) {
        let version = try await get(key, ifMatch)
        let request = Request(operation: "GetObject", verb: .get, key: key)
        guard version.bytes.count <= limit else { throw error(.unacceptable, request, status: 200) }
        if weather.strikes(.truncated, &world.dice) { throw error(.interrupted, request, status: 0) }
        return (info(of: version, version.bytes.count), ByteBlock(damaged(version.bytes)))
    }

    func open(
        _ key: ObjectKey, ifMatch: ETag?, range: ClosedRange<Int64>?, into ring: ByteRing
    ) async throws(StoreError) -> any ObjectDownload {
        let version = try await get(key, ifMatch)
        var bytes = version.bytes
        if let range {
            guard range.lowerBound < bytes.count else {
                throw error(.other, Request(operation: "GetObject", verb: .get, key: key), status: 416)
            }
            bytes = Array(bytes[Int(range.lowerBound)...min(bytes.count - 1, Int(range.upperBound))])
        }
        return WorldDownload(self, key, info(of: version, bytes.count), damaged(bytes), ring)
    }

    private func get(_ key: ObjectKey, _ ifMatch: ETag?) async throws(StoreError) -> Version {
        let full = fullKey(key)
        let request = Request(operation: "GetObject", verb: .get, key: key)
        return try await ask(request) { [self] server, _ in
            guard server.hasBucket else { return .failure(missingBucket(request)) }
            guard let version = server.objects[full] else { return .failure(error(.noSuchKey, request, status: 404)) }
            if let ifMatch, !ifMatch.isAbsent, server.traits.honoursIfMatch, ifMatch != version.etag {
                return .failure(error(.preconditionFailed, request, status: 412))
            }
            return .success(version)
        }
    }

    private func damaged(_ bytes: [UInt8]) -> [UInt8] {
        guard mayDamage, !bytes.isEmpty, weather.strikes(.damaged, &world.dice) else { return bytes }
        var bytes = bytes
        bytes[world.dice.below(bytes.count)] ^= 0x40
        return bytes
    }

    func partLayout(
        of key: ObjectKey, size: Int64, parts: Int
    ) async throws(StoreError) -> (first: Int64, isUniform: Bool)? {
        guard let sizes = try await partSizes(key) else { return nil }
        return (sizes[0], sizes.dropLast().allSatisfy { $0 == sizes[0] } && sizes[sizes.count - 1] <= sizes[0])
    }

    func allPartSizes(of key: ObjectKey, size: Int64, parts: Int) async throws(StoreError) -> [Int64]? {
        try await partSizes(key)
    }

    private func partSizes(_ key: ObjectKey) async throws(StoreError) -> [Int64]? {
        let full = fullKey(key)
        let request = Request(operation: "HeadObject", verb: .head, key: key)
        return try await ask(request) { [self] server, _ in
            guard let version = server.objects[full] else { return .failure(error(.noSuchKey, request, status: 404)) }
            return .success(server.traits.tellsParts ? version.parts : nil)
        }
    }

    // MARK: What is told

    func info(of version: Version, _ length: Int) -> ObjectInfo {
        var info = ObjectInfo(
            size: Int64(version.bytes.count), etag: version.etag,
            lastModified: Timestamp(seconds: version.modified.seconds), headers: version.headers)
        info.contentLength = Int64(length)
        info.isEncrypted = server.traits.etags == .seemingDigests
        return info
    }

    func state(_ version: Version) -> ObjectState {
        ObjectState(
            size: Int64(version.bytes.count), etag: version.etag,
            lastModified: server.traits.hasMilliseconds
                ? version.modified : Timestamp(seconds: version.modified.seconds))
    }
}

/// A listing, page by page, each as the server is when it is asked for.
private final class WorldPages: PageReader {
    private let store: WorldStore
    private var position: ObjectKey?
    private var last: ObjectKey?
    private var isEnded = false
    private var lastPage: ListingPage?

    init(_ store: WorldStore, after start: ObjectKey?, through last: ObjectKey?) {
        self.store = store
        position = start
        self.last = last
    }

    func bound(through last: ObjectKey) { self.last = last.prefixed(by: store.prefix) }

    func next() async throws -> ListingPage? {
        guard !isEnded else { return nil }
        if let lastPage, store.weather.strikes(.repeatedPage, &store.world.dice) { return lastPage }
        let request = WorldStore.Request(operation: "ListObjectsV2", verb: .list)
        let (after, through, store) = (position, last, store)
        let (objects, isWhole) = try await store.ask(request) {
            server, _ -> Result<([ListedObject], Bool), StoreError> in
            guard server.hasBucket else { return .failure(store.missingBucket(request)) }
            return .success(Self.page(store, server, after, through))
        }
        isEnded = isWhole
        if let last = objects.last { position = last.key }
        if objects.isEmpty { return nil }
        let page = ListingPage(objects)
        lastPage = page
        return page
    }

    private static func page(
        _ store: WorldStore, _ server: Server, _ after: ObjectKey?, _ through: ObjectKey?
    ) -> ([ListedObject], Bool) {
        let world = store.world
        var (objects, keys) = (server.objects, server.keys)
        if let stale = server.stale, store.weather.strikes(.staleListing, &world.dice) { (objects, keys) = stale }
        let isTorn = store.weather.strikes(.tornListing, &world.dice)
        let order = server.traits.order
        var index = 0
        if let after {
            var high = keys.count
            while index < high {
                let middle = (index + high) / 2
                if order.precedes(after, keys[middle]) { high = middle } else { index = middle + 1 }
            }
        }
        var page: [ListedObject] = []
        while index < keys.count, page.count < server.traits.pageSize {
            let key = keys[index]
            index += 1
            guard key.hasPrefix(store.prefix), let version = objects[key] else { continue }
            if let through, order.precedes(through, key) { return (page, true) }
            if isTorn, world.dice.isLucky(0.1) { continue }
            page.append(ListedObject(key: key, state: store.state(version)))
        }
        return (page, index >= keys.count)
    }
}
