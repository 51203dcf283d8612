/// Compiled XML written byte by byte, so that it can be wrong in every way.
struct HandmadeManifest {
    var strings = ["manifest", "package", "com.example.app", "uses-sdk", "", "versionName", "2.0.6"]
    var isUTF8 = false
    /// Resources of the first names: here the fifth and sixth string are attributes of Android's.
    var resources: [UInt32] = [0, 0, 0, 0, 0x0101_021B, 0x0101_021C]
    var body: [UInt8]?

    struct Attribute {
        var name: UInt32
        var kind: UInt8
        var data: UInt32
    }

    static let package = Attribute(name: 1, kind: 3, data: 2)

    static func start(_ name: UInt32, _ attributes: [Attribute] = [], count: UInt16? = nil, size: UInt16 = 20)
        -> [UInt8]
    {
        var body = le(UInt32.max) + le(name) + le(UInt16(20)) + le(size) + le(count ?? UInt16(attributes.count))
        body += le(UInt16(0)) + le(UInt32(0))
        for attribute in attributes {
            body += le(UInt32.max) + le(attribute.name) + le(UInt32.max) + le(UInt16(8)) + [0, attribute.kind]
            body += le(attribute.data)
        }
        return chunk(0x0102, le(UInt64(0)), body)
    }

    static func end(_ name: UInt32) -> [UInt8] { chunk(0x0103, le(UInt64(0)), le(UInt32.max) + le(name)) }

    static func chunk(_ kind: UInt16, _ header: [UInt8], _ body: [UInt8]) -> [UInt8] {
        le(kind) + le(UInt16(8 + header.count)) + le(UInt32(8 + header.count + body.count)) + header + body
    }

    var pool: [UInt8] {
        var offsets: [UInt8] = []
        var data: [UInt8] = []
        for string in strings {
            offsets += le(UInt32(data.count))
            if isUTF8 {
                data += Self.length8(string.utf16.count) + Self.length8(string.utf8.count) + Array(string.utf8) + [0]
            } else {
                let units = Array(string.utf16)
                data += units.count < 0x8000 ? le(UInt16(units.count)) : le(UInt16(0x8000)) + le(UInt16(units.count))
                data += units.flatMap { le($0) } + [0, 0]
            }
        }
        let start = UInt32(28 + offsets.count)
        var header = le(UInt32(strings.count)) + le(UInt32(0)) + le(UInt32(isUTF8 ? 0x100 : 0))
        header += le(start) + le(UInt32(0))
        return Self.chunk(0x0001, header, offsets + data)
    }

    private static func length8(_ length: Int) -> [UInt8] {
        length < 0x80 ? [UInt8(length)] : [UInt8(0x80 | length >> 8), UInt8(length & 0xFF)]
    }

    var bytes: [UInt8] {
        let root = Self.start(0, [Self.package, Attribute(name: 5, kind: 3, data: 6)]) + Self.end(0)
        let map = Self.chunk(0x0180, [], resources.flatMap { le($0) })
        return Self.chunk(0x0003, [], pool + map + (body ?? root))
    }

    /// The only file of a package.
    var zip: [UInt8] { HandmadeZip([.init("AndroidManifest.xml", bytes)]).bytes }
}

func le(_ value: some FixedWidthInteger) -> [UInt8] { HandmadeZip.le(value) }
