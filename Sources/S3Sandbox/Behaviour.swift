import FoundationEssentials
import ObjectModel

/// In what a server differs from S3 as documented. Each of these was seen on a real server.
///
/// In JSON (`--behaviour`, `POST /.sandbox/behaviour`) the names are those of the properties; what is left out keeps the
/// value that the server was started with.
public struct Behaviour: Sendable {
    public enum ETags: String, Sendable, Codable, CaseIterable {
        /// The MD5, or the composite of the parts' MD5s.
        case md5
        /// None: no header and an empty element.
        case empty
        /// A random text that is nothing like an MD5.
        case opaque
        /// 32 random hexadecimal digits (and `-N`), as with KMS encryption: looks like an MD5 and is none.
        case kms
    }

    public enum ListOrder: String, Sendable, Codable, CaseIterable {
        case bytes
        /// `/` before every other byte, as SeaweedFS.
        case path
        /// No order at all, but always the same one.
        case shuffled
    }

    public enum Listening: String, Sendable, Codable, CaseIterable {
        case served
        /// 501 `NotImplemented`.
        case refused
        /// The parameters are ignored and the bucket is listed with 200.
        case ignored
    }

    /// What a listener's `ping` does.
    public enum Pings: String, Sendable, Codable, CaseIterable {
        /// A document without records at that interval, as MinIO since 2023-04.
        case served
        /// A space every half second all the same, as before.
        case ignored
        /// 400 `InvalidArgument`.
        case refused
    }

    /// Keys that this server cannot hold: writes are refused with this answer.
    public struct Refusal: Sendable, Codable {
        /// A glob over the key.
        public var key: String
        public var status: Int
        public var code: String

        public init(key: String, status: Int = 400, code: String = "XMinioInvalidObjectName") {
            self.key = key
            self.status = status
            self.code = code
        }
    }

    public var etags = ETags.md5
    public var listOrder = ListOrder.bytes
    public var listening = Listening.served
    public var pings = Pings.served
    /// A wrong `Content-MD5` is stored all the same.
    public var ignoresContentMD5 = false
    /// `?partNumber` on HEAD and GET answers the whole object, as MinIO of 2019.
    public var ignoresPartNumber = false
    /// An answer to `?partNumber` has the part's ETag, as moto.
    public var showsPartETag = false
    /// `If-None-Match: *` on a write is ignored.
    public var ignoresIfNoneMatch = false
    /// `encoding-type=url` is ignored and not confirmed.
    public var ignoresEncodingType = false
    /// Listings round times down to the second.
    public var hasSecondGranularity = false
    /// Seconds by which the server's clock is ahead (negative: behind).
    public var clockOffset = 0.0
    /// The largest page of a listing, to make many pages of few objects.
    public var pageSize = 1000
    /// ListObjectsV2 answers 501.
    public var refusesListV2 = false
    /// GetObjectAttributes answers 500, as MinIO of 2019.
    public var refusesAttributes = false
    /// Tagging answers 501 and the header is ignored.
    public var refusesTagging = false
    /// Headers that are accepted and not kept, names in lower case: JuiceFS keeps no `content-encoding`.
    public var droppedHeaders: Set<String> = []
    /// A copy keeps the source's ETag and parts where S3 gives it the MD5 of the whole.
    public var keepsETagOnCopy = false
    /// `//x` is stored as `x` and `a//b` as `a/b`, and found under either name.
    public var collapsesSlashes = false
    public var refusedKeys: [Refusal] = []
    /// Keys that can't be deleted, as with object locks: DeleteObjects answers this for each of them.
    public var lockedKeys: [Refusal] = []
    /// Every write is refused with 403.
    public var isReadOnly = false
    /// Every write of bytes is refused with 507.
    public var isFull = false
    /// Keys in events are URL-encoded, as before 2020-04-28.
    public var encodesEventKeys = false
    /// Changes raise no events.
    public var dropsEvents = false
    /// Bytes; the smallest part of a multipart upload that is not its last.
    public var minimumPartSize: Int64 = 5 << 20

    /// Milliseconds by which every answer is held back, as by a round trip, on each connection by itself.
    public var delay = 0
    /// Requests a second, over all connections; what exceeds them gets 503 `SlowDown`, as on AWS, and does
    /// not wait for its turn. 0 for no limit.
    public var rate = 0
    /// Requests that may come at once while `rate` holds, at least 1.
    public var burst = 10

    public init() {}

    /// The key under which this server really stores `key`.
    func stored(_ key: ObjectKey) -> ObjectKey {
        guard collapsesSlashes else { return key }
        var bytes: [UInt8] = []
        for byte in key.bytes {
            if byte == UInt8(ascii: "/"), bytes.isEmpty || bytes.last == byte { continue }
            bytes.append(byte)
        }
        return ObjectKey(bytes: bytes)
    }

    /// Why `key` can't be deleted; nil if it can.
    func lock(on key: ObjectKey) -> Refusal? {
        lockedKeys.first { WildcardPattern($0.key).matches(key.bytes) }
    }

    /// - Throws: The refusal of a key that this server cannot hold.
    func admit(_ key: ObjectKey) throws(ErrorAnswer) {
        for refusal in refusedKeys where WildcardPattern(refusal.key).matches(key.bytes) {
            throw ErrorAnswer(refusal.status, refusal.code, "Object name contains unsupported characters.")
        }
    }
}

extension Behaviour: Decodable {
    private static let base = CodingUserInfoKey(rawValue: "base")

    /// Reads a JSON object; what it does not name is taken from `base`.
    ///
    /// - Throws: `ScriptError`.
    public static func decode(_ json: [UInt8], over base: Behaviour = Behaviour()) throws -> Behaviour {
        let decoder = JSONDecoder()
        if let key = Self.base { decoder.userInfo[key] = base }
        do {
            return try decoder.decode(Behaviour.self, from: Data(json))
        } catch {
            throw ScriptError(error)
        }
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case etags, listOrder, listening, pings, ignoresContentMD5, ignoresPartNumber, showsPartETag, ignoresIfNoneMatch
        case ignoresEncodingType, hasSecondGranularity, clockOffset, pageSize, refusesListV2, refusesAttributes
        case refusesTagging, droppedHeaders, keepsETagOnCopy, collapsesSlashes, refusedKeys, lockedKeys, isReadOnly
        case isFull, encodesEventKeys, dropsEvents, minimumPartSize, delay, rate, burst
    }

    public init(from decoder: any Decoder) throws {
        self = Self.base.flatMap { decoder.userInfo[$0] as? Behaviour } ?? Behaviour()
        try decoder.refuseUnknownKeys(CodingKeys.allCases)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func set<Value: Decodable>(_ path: WritableKeyPath<Behaviour, Value>, _ key: CodingKeys) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { self[keyPath: path] = value }
        }
        func choose<Value: RawRepresentable<String> & CaseIterable>(
            _ path: WritableKeyPath<Behaviour, Value>, _ key: CodingKeys
        ) throws {
            guard let name = try values.decodeIfPresent(String.self, forKey: key) else { return }
            self[keyPath: path] = try Value(named: name, "value", at: decoder.codingPath + [key])
        }
        try choose(\.etags, .etags)
        try choose(\.listOrder, .listOrder)
        try choose(\.listening, .listening)
        try choose(\.pings, .pings)
        try set(\.ignoresContentMD5, .ignoresContentMD5)
        try set(\.ignoresPartNumber, .ignoresPartNumber)
        try set(\.showsPartETag, .showsPartETag)
        try set(\.ignoresIfNoneMatch, .ignoresIfNoneMatch)
        try set(\.ignoresEncodingType, .ignoresEncodingType)
        try set(\.hasSecondGranularity, .hasSecondGranularity)
        try set(\.clockOffset, .clockOffset)
        try set(\.pageSize, .pageSize)
        try set(\.refusesListV2, .refusesListV2)
        try set(\.refusesAttributes, .refusesAttributes)
        try set(\.refusesTagging, .refusesTagging)
        try set(\.droppedHeaders, .droppedHeaders)
        try set(\.keepsETagOnCopy, .keepsETagOnCopy)
        try set(\.collapsesSlashes, .collapsesSlashes)
        try set(\.refusedKeys, .refusedKeys)
        try set(\.lockedKeys, .lockedKeys)
        try set(\.isReadOnly, .isReadOnly)
        try set(\.isFull, .isFull)
        try set(\.encodesEventKeys, .encodesEventKeys)
        try set(\.dropsEvents, .dropsEvents)
        try set(\.minimumPartSize, .minimumPartSize)
        try set(\.delay, .delay)
        try set(\.rate, .rate)
        try set(\.burst, .burst)
    }
}
