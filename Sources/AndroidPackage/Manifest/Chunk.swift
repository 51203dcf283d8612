/// One chunk of the format that Android's compiled XML and resource tables have (AOSP, ResourceTypes.h): a type, the
/// length of a header, and the length of it all. Chunks lie one behind the other or inside of each other.
struct Chunk {
    enum Kind {
        static let stringPool: UInt16 = 0x0001
        static let table: UInt16 = 0x0002
        static let xml: UInt16 = 0x0003
        static let startElement: UInt16 = 0x0102
        static let endElement: UInt16 = 0x0103
        static let resourceMap: UInt16 = 0x0180
        static let package: UInt16 = 0x0200
        static let type: UInt16 = 0x0201
    }

    let kind: UInt16
    /// The header, behind its first eight bytes.
    let header: ByteReader
    /// What follows the header.
    let body: ByteReader
    /// The whole chunk, in which offsets count from its start.
    let whole: ByteReader

    /// Takes the next chunk. Each takes at least eight bytes away, so that a walk over chunks ends.
    init(next reader: inout ByteReader) throws(Malformed) {
        var fields = reader
        kind = try fields.u16()
        let headerSize = Int(try fields.u16())
        let size = try fields.length32()
        guard headerSize >= 8, headerSize <= size else { throw Malformed("a chunk is shorter than its header") }
        whole = try reader.take(size)
        body = try whole.from(headerSize)
        var inside = whole
        var header = try inside.take(headerSize)
        try header.skip(8)
        self.header = header
    }
}

/// A typed value (AOSP, `Res_value`).
struct ResourceValue {
    enum Kind {
        static let reference: UInt8 = 0x01
        static let string: UInt8 = 0x03
        static let dynamicReference: UInt8 = 0x07
        static let decimal: UInt8 = 0x10
        static let hexadecimal: UInt8 = 0x11
    }

    let kind: UInt8
    let data: UInt32

    init(_ reader: inout ByteReader) throws(Malformed) {
        try reader.skip(3)
        kind = try reader.u8()
        data = try reader.u32()
    }

    var isReference: Bool { kind == Kind.reference || kind == Kind.dynamicReference }
    var isInteger: Bool { kind == Kind.decimal || kind == Kind.hexadecimal }
}
