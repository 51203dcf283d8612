/// What a compiled `AndroidManifest.xml` says of its package (AOSP, ResourceTypes.h).
///
/// Read as Android does it: attributes of Android's own are known by their resource's number, whatever they are called;
/// `package` by its name. Elements are counted, never held, so that no nesting is too deep.
public struct AndroidManifest: Sendable {
    /// Bytes of the largest manifest that is read.
    static let limit: Int64 = 8 << 20

    private enum Attribute {
        static let minSDK: UInt32 = 0x0101_020C
        static let versionCode: UInt32 = 0x0101_021B
        static let versionName: UInt32 = 0x0101_021C
        static let targetSDK: UInt32 = 0x0101_0270
        static let versionCodeMajor: UInt32 = 0x0101_0576
    }

    /// A value as it stands there.
    enum Value: Hashable, Sendable {
        case text(String)
        case number(UInt32)
        case reference(UInt32)
        /// Of another type than any of these attributes may have.
        case other
    }

    private(set) var package: String?
    private(set) var versionName: Value?
    private(set) var versionCode: Value?
    private(set) var versionCodeMajor: Value?
    private(set) var minSDK: Value?
    private(set) var targetSDK: Value?

    /// Reads the file, which is at most 8 MiB; the error is not for callers outside of this room.
    public init(_ bytes: [UInt8]) throws {
        var file = ByteReader(bytes)
        let document = try Chunk(next: &file)
        guard document.kind == Chunk.Kind.xml else { throw Malformed("it is not compiled XML") }
        var pool: StringPool?
        var found = Found()
        var map: ByteReader?
        var depth = 0
        var hasRoot = false
        var reader = document.body
        while !reader.isEmpty {
            let chunk = try Chunk(next: &reader)
            switch chunk.kind {
            case Chunk.Kind.stringPool:
                if pool == nil { pool = try StringPool(chunk) }
            case Chunk.Kind.resourceMap:
                if map == nil { map = chunk.body }
            case Chunk.Kind.startElement:
                guard let pool else { throw Malformed("it has an element before its strings") }
                depth += 1
                if depth == 1 {
                    guard !hasRoot else { throw Malformed("it has two roots") }
                    hasRoot = true
                    guard try Self.isNamed("manifest", chunk, pool) else { throw Malformed("its root is no manifest") }
                    try found.read(chunk, pool, map)
                } else if depth == 2, try Self.isNamed("uses-sdk", chunk, pool) {
                    try found.read(chunk, pool, map, isSDK: true)
                }
            case Chunk.Kind.endElement:
                depth -= 1
                guard depth >= 0 else { throw Malformed("it ends an element that never began") }
            default:
                break
            }
        }
        guard hasRoot, depth == 0, let pool else { throw Malformed("it ends inside of an element") }
        if case .text(let text) = try Self.value(found.package, pool) { package = text }
        versionName = try Self.value(found.versionName, pool)
        versionCode = try Self.value(found.versionCode, pool)
        versionCodeMajor = try Self.value(found.versionCodeMajor, pool)
        minSDK = try Self.value(found.minSDK, pool)
        targetSDK = try Self.value(found.targetSDK, pool)
    }

    private static func isNamed(
        _ name: StaticString, _ chunk: Chunk, _ pool: StringPool
    ) throws(Malformed) -> Bool {
        var body = chunk.body
        try body.skip(4)
        return try pool.isString(try body.u32(), name)
    }

    private static func value(_ value: ResourceValue?, _ pool: StringPool) throws(Malformed) -> Value? {
        guard let value else { return nil }
        if value.kind == ResourceValue.Kind.string { return try pool.string(value.data).map(Value.text) ?? .other }
        if value.isReference { return .reference(value.data) }
        if value.isInteger { return .number(value.data) }
        return .other
    }

    /// Attributes as they stand there. Their strings are decoded once, at the end, however often an attribute is given.
    private struct Found {
        var package: ResourceValue?
        var versionName: ResourceValue?
        var versionCode: ResourceValue?
        var versionCodeMajor: ResourceValue?
        var minSDK: ResourceValue?
        var targetSDK: ResourceValue?

        /// Reads the attributes of `manifest`, or of a `uses-sdk` in it.
        mutating func read(
            _ chunk: Chunk, _ pool: StringPool, _ map: ByteReader?, isSDK: Bool = false
        ) throws(Malformed) {
            var body = chunk.body
            try body.skip(8)
            let start = Int(try body.u16())
            let size = Int(try body.u16())
            let count = Int(try body.u16())
            guard size >= 20 || count == 0 else { throw Malformed("it has attributes that are too short") }
            var attributes = try chunk.body.from(start)
            for _ in 0..<count {
                var attribute = try attributes.take(size)
                let namespace = try attribute.u32()
                let name = try attribute.u32()
                // The text as it was written, of which the value was made.
                try attribute.skip(4)
                let value = try ResourceValue(&attribute)
                switch (try Self.resource(name, map), isSDK) {
                case (Attribute.versionCode, false): versionCode = value
                case (Attribute.versionCodeMajor, false): versionCodeMajor = value
                case (Attribute.versionName, false): versionName = value
                case (Attribute.minSDK, true): minSDK = value
                case (Attribute.targetSDK, true): targetSDK = value
                case (0, false) where namespace == .max && package == nil:
                    if try pool.isString(name, "package") { package = value }
                default: break
                }
            }
        }

        /// The number of an attribute's resource; 0 where it is none of Android's.
        private static func resource(_ name: UInt32, _ map: ByteReader?) throws(Malformed) -> UInt32 {
            guard let map, name < map.count / 4 else { return 0 }
            var entry = try map.from(Int(name) * 4)
            return try entry.u32()
        }
    }
}
