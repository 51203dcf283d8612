import Digests
import ObjectModel

/// What a server keeps of one key.
struct Version {
    /// Unique in the world, and greater than those of all that came before.
    let number: Int
    let bytes: [UInt8]
    let etag: ETag
    let modified: Timestamp
    let headers: ObjectHeaders
    /// The parts' sizes of a multipart object.
    let parts: [Int64]?
}

/// What a server is like; drawn once.
struct ServerTraits {
    enum ETags: String, CaseIterable {
        case digests
        /// Unique for each write, and no digest.
        case opaque
        /// As MD5s look, and none; it says that its objects are encrypted.
        case seemingDigests
        /// The size, so that other bytes have the same one.
        case sizes
        /// None at all.
        case absent
        /// Digests of objects in one piece, something of its own for those in parts.
        case opaqueParts
    }

    var etags = ETags.digests
    var order = KeyOrder.bytes
    var pageSize = 1000
    /// Whether it tells how its multipart objects were cut.
    var tellsParts = true
    var honoursContentMD5 = true
    var honoursIfMatch = true
    /// Whether listings have milliseconds; a HEAD never has.
    var hasMilliseconds = true
    /// Nanoseconds of one way.
    var distance: Int64 = 300_000
    /// Milliseconds that its clock is ahead.
    var clockOffset: Int64 = 0
    /// Whether it tells of changes.
    var hasFeed = true
    /// The largest object that one write takes.
    var largestWrite: Int64 = 5 << 30
}

/// The truth of one server: its objects, its uploads, and who hears of changes. Nothing in it waits.
final class Server {
    enum Condition {
        case up, unreachable, refusing, full
    }

    struct Upload {
        let key: ObjectKey
        let headers: ObjectHeaders
        let initiated: Timestamp
        /// The process that began it.
        let process: Int
        var parts: [Int: [UInt8]] = [:]
    }

    let world: World
    let name: String
    let traits: ServerTraits
    let past: Past
    private(set) var objects: [ObjectKey: Version] = [:]
    /// In the order of its listings.
    private(set) var keys: [ObjectKey] = []
    private(set) var uploads: [String: Upload] = [:]
    var condition = Condition.up {
        didSet {
            guard condition == .unreachable || condition == .refusing else { return }
            for subscription in subscriptions { subscription.end() }
        }
    }
    private(set) var hasBucket = true
    private(set) var bucketGoneSince: Int64?
    /// An old state that a stale page may show.
    private(set) var stale: (objects: [ObjectKey: Version], keys: [ObjectKey])?
    var subscriptions: [WorldFeed.Subscription] = []

    init(_ world: World, name: String, traits: ServerTraits, past: Past) {
        self.world = world
        self.name = name
        self.traits = traits
        self.past = past
    }

    var clock: Timestamp {
        let elapsed = (world.now - World.beginning) / 1_000_000
        return Timestamp(milliseconds: WorldTime.epoch + elapsed + traits.clockOffset)
    }

    // MARK: Changes

    /// Keeps `bytes` under `key`.
    @discardableResult
    func put(
        _ key: ObjectKey, _ bytes: [UInt8], headers: ObjectHeaders, parts: [Int64]? = nil, by cause: Cause
    ) -> Version {
        past.lastVersion += 1
        let number = past.lastVersion
        let version = Version(
            number: number, bytes: bytes, etag: etag(of: bytes, parts, number), modified: clock, headers: headers,
            parts: parts)
        set(key, version, cause)
        return version
    }

    func remove(_ key: ObjectKey, by cause: Cause) {
        guard objects[key] != nil else { return }
        set(key, nil, cause)
    }

    private func set(_ key: ObjectKey, _ version: Version?, _ cause: Cause) {
        let old = objects[key]
        objects[key] = version
        if old == nil, version != nil {
            keys.insert(key, at: position(of: key))
        } else if old != nil, version == nil {
            keys.remove(at: position(of: key))
        }
        past.note(key, version, at: world.now, cause)
        world.story?.note(
            key,
            "\(name): \(version.map { "version \($0.number), \($0.bytes.count) bytes, \($0.etag)" } ?? "gone") (\(cause))"
        )
        guard cause.isTold else { return }
        for subscription in subscriptions { subscription.tell(key, version) }
    }

    /// Where `key` is in the listing, or would be.
    func position(of key: ObjectKey) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if traits.order.precedes(keys[middle], key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Remembers how it is now, for stale pages.
    func remember() { stale = (objects, keys) }

    /// All objects go at once, and nobody is told.
    func wipe(_ cause: Cause) {
        for key in keys { set(key, nil, cause) }
        uploads = [:]
    }

    /// As it was when it was remembered.
    func restore(_ cause: Cause) {
        guard let stale else { return }
        for key in keys where stale.objects[key] == nil { set(key, nil, cause) }
        for key in stale.keys {
            guard let version = stale.objects[key], objects[key]?.number != version.number else { continue }
            set(key, version, cause)
        }
        uploads = [:]
    }

    func setBucket(_ isThere: Bool, _ cause: Cause) {
        if !isThere { wipe(cause) }
        if hasBucket != isThere { bucketGoneSince = isThere ? nil : world.now }
        hasBucket = isThere
    }

    // MARK: Uploads

    func beginUpload(_ key: ObjectKey, _ headers: ObjectHeaders, process: Int) -> String {
        past.lastVersion += 1
        let id = "upload-\(past.lastVersion)"
        uploads[id] = Upload(key: key, headers: headers, initiated: clock, process: process)
        world.story?.note(key, "\(name): \(id) begun by process \(process)")
        return id
    }

    func addPart(_ number: Int, _ bytes: [UInt8], to id: String) { uploads[id]?.parts[number] = bytes }

    func endUpload(_ id: String) {
        if let upload = uploads.removeValue(forKey: id) { world.story?.note(upload.key, "\(name): \(id) ended") }
    }

    // MARK: ETags

    func etag(ofPart bytes: [UInt8]) -> ETag {
        switch traits.etags {
        case .digests, .opaqueParts: .md5(MD5Hasher.digest(bytes))
        case .opaque: .opaque("part-\(MD5Hasher.digest(bytes).low % 1_000_000)")
        // Were they to look like digests as well, the engine would take the source for corrupt.
        case .seemingDigests: .opaque("part-\(MD5Hasher.digest(bytes).low % 1_000_000)")
        case .sizes: .opaque("part-size-\(bytes.count)")
        case .absent: .absent
        }
    }

    private func etag(of bytes: [UInt8], _ parts: [Int64]?, _ number: Int) -> ETag {
        switch traits.etags {
        case .digests: Self.digest(of: bytes, parts)
        case .opaque: .opaque("\(name)-\(number)")
        case .seemingDigests: .md5(MD5Digest(high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15, low: UInt64(number)))
        case .sizes: .opaque("size-\(bytes.count)")
        case .absent: .absent
        case .opaqueParts: parts == nil ? Self.digest(of: bytes, nil) : .opaque("\(name)-\(number)")
        }
    }

    static func digest(of bytes: [UInt8], _ parts: [Int64]?) -> ETag {
        guard let parts else { return .md5(MD5Hasher.digest(bytes)) }
        var (digests, start): ([UInt8], Int) = ([], 0)
        for size in parts {
            digests += MD5Hasher.digest(Array(bytes[start..<(start + Int(size))])).bytes
            start += Int(size)
        }
        return .composite(MD5Hasher.digest(digests), parts: parts.count)
    }
}
