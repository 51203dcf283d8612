import FoundationEssentials

/// A rule in a script is one flat object:
///
///     {"name": "busy", "operation": ["GetObject"], "key": "*.apk", "nth": 2,
///      "action": "status", "status": 503, "code": "SlowDown", "retryAfter": "1"}
extension FaultRule: Decodable {
    /// Reads a JSON array of rules.
    ///
    /// - Throws: `ScriptError`.
    public static func decode(_ json: [UInt8]) throws -> [FaultRule] {
        do {
            return try JSONDecoder().decode([FaultRule].self, from: Data(json))
        } catch {
            throw ScriptError(error)
        }
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, operation, method, bucket, key, query, nth, every, after, probability, seed, times, action
        case milliseconds, seconds, bytes, offset, bytesPerSecond, etag, status, code, message, body, retryAfter
        case apply, early, spaces, lie, moving, index, content, torn
    }

    /// The values of `action`.
    enum ActionName: String, CaseIterable {
        case refuse, delay, stall, cut, cutRequest, shorten, corrupt, trickle, wrongETag, status, errorIn200, loseAnswer
        case listing, clockSkew, dropEvent, overwriteDuring
    }

    /// The values of `lie`.
    enum LieName: String, CaseIterable {
        case reordered, truncatedXML, repeated, endless, missingToken, missingEntry, empty
    }

    /// Every field that a rule may have.
    static let fieldNames = CodingKeys.allCases.map(\.stringValue)

    private typealias Fields = KeyedDecodingContainer<CodingKeys>

    public init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownKeys(CodingKeys.allCases)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let action = try fields.decode(String.self, forKey: .action)
        self.init(
            try fields.decodeIfPresent(String.self, forKey: .name) ?? action,
            Match(
                operations: try Self.list(fields, .operation).map {
                    try Operation(named: $0, "operation", at: decoder.codingPath)
                }, methods: try Self.list(fields, .method),
                bucket: try fields.decodeIfPresent(String.self, forKey: .bucket),
                key: try fields.decodeIfPresent(String.self, forKey: .key),
                query: try fields.decodeIfPresent([String: String].self, forKey: .query) ?? [:],
                nth: try fields.decodeIfPresent(Int.self, forKey: .nth),
                every: try fields.decodeIfPresent(Int.self, forKey: .every),
                after: try fields.decodeIfPresent(Int.self, forKey: .after) ?? 0,
                probability: try fields.decodeIfPresent(Double.self, forKey: .probability),
                seed: try fields.decodeIfPresent(UInt64.self, forKey: .seed) ?? 0,
                times: try fields.decodeIfPresent(Int.self, forKey: .times)),
            try Self.action(action, fields))
    }

    /// One name or a list of them.
    private static func list(_ fields: Fields, _ key: CodingKeys) throws -> [String] {
        if let one = try? fields.decode(String.self, forKey: key) { return [one] }
        return try fields.decodeIfPresent([String].self, forKey: key) ?? []
    }

    private static func action(_ name: String, _ fields: Fields) throws -> FaultAction {
        let bytes = try fields.decodeIfPresent(Int64.self, forKey: .bytes)
        switch try ActionName(named: name, "action", at: fields.codingPath) {
        case .refuse: return .refuse
        case .delay: return .delay(milliseconds: try fields.decode(Int.self, forKey: .milliseconds))
        case .stall:
            return .stall(afterBytes: bytes ?? 0, seconds: try fields.decodeIfPresent(Double.self, forKey: .seconds))
        case .cut: return .cut(afterBytes: bytes ?? 0)
        case .cutRequest: return .cutRequest(afterBytes: bytes ?? 0)
        case .shorten: return .shorten(byBytes: bytes ?? 1)
        case .corrupt: return .corrupt(offset: try fields.decodeIfPresent(Int64.self, forKey: .offset) ?? 0)
        case .trickle: return .trickle(bytesPerSecond: try fields.decode(Int.self, forKey: .bytesPerSecond))
        case .wrongETag: return .wrongETag(try fields.decodeIfPresent(String.self, forKey: .etag))
        case .status: return .status(try failure(fields, status: fields.decode(Int.self, forKey: .status)))
        case .errorIn200:
            return .errorIn200(
                try failure(fields, status: 200), spaces: try fields.decodeIfPresent(Int.self, forKey: .spaces) ?? 0)
        case .loseAnswer: return .loseAnswer
        case .listing: return .listing(try lie(fields))
        case .clockSkew: return .clockSkew(seconds: try fields.decode(Double.self, forKey: .seconds))
        case .dropEvent: return .dropEvent
        case .overwriteDuring:
            let content = try fields.decode(String.self, forKey: .content)
            return .overwriteDuring(
                afterBytes: bytes ?? 0, content: Array(content.utf8),
                isTorn: try fields.decodeIfPresent(Bool.self, forKey: .torn) ?? false)
        }
    }

    private static func failure(_ fields: Fields, status: Int) throws -> FaultAction.Failure {
        FaultAction.Failure(
            status, code: try fields.decodeIfPresent(String.self, forKey: .code) ?? "InternalError",
            message: try fields.decodeIfPresent(String.self, forKey: .message) ?? "A fault of the script.",
            hasBody: try fields.decodeIfPresent(Bool.self, forKey: .body) ?? true,
            retryAfter: try fields.decodeIfPresent(String.self, forKey: .retryAfter),
            applies: try fields.decodeIfPresent(Bool.self, forKey: .apply) ?? false,
            isEarly: try fields.decodeIfPresent(Bool.self, forKey: .early) ?? false)
    }

    private static func lie(_ fields: Fields) throws -> ListingLie {
        let name = try fields.decode(String.self, forKey: .lie)
        switch try LieName(named: name, "lie", at: fields.codingPath) {
        case .reordered: return .reordered
        case .truncatedXML: return .truncatedXML(bytes: try fields.decode(Int.self, forKey: .bytes))
        case .repeated: return .repeated
        case .endless:
            return .endless(isMoving: try fields.decodeIfPresent(Bool.self, forKey: .moving) ?? false)
        case .missingToken: return .missingToken
        case .missingEntry:
            return .missingEntry(try fields.decodeIfPresent(Int.self, forKey: .index) ?? 0)
        case .empty: return .empty
        }
    }
}
