/// The strings of a chunked file, in UTF-8 or UTF-16, decoded when they are asked for (AOSP, `ResStringPool_header`).
struct StringPool {
    private let offsets: ByteReader
    private let strings: ByteReader
    private let isUTF8: Bool
    private let count: Int

    /// Bytes, or units of UTF-16, of the longest string that is decoded.
    private static let maximumLength = 16 << 10

    init(_ chunk: Chunk) throws(Malformed) {
        var header = chunk.header
        count = try header.length32()
        try header.skip(4)
        isUTF8 = try header.u32() & 0x100 != 0
        let start = try header.length32()
        guard count <= chunk.body.count / 4 else { throw Malformed("it announces more strings than it has room for") }
        offsets = chunk.body
        // Writers leave the start open where there is nothing to start.
        strings = try count == 0 ? chunk.body : chunk.whole.from(start)
    }

    /// Nil where there is none of this index, which 0xFFFFFFFF says on purpose. What is no Unicode is replaced.
    func string(_ index: UInt32) throws(Malformed) -> String? {
        guard let (start, length) = try encoded(index) else { return nil }
        guard length <= Self.maximumLength else { throw Malformed("it has a string that is too long") }
        var reader = start
        if isUTF8 { return String(decoding: try reader.take(length).slice, as: UTF8.self) }
        var units = try reader.take(length * 2)
        var text: [UInt16] = []
        text.reserveCapacity(length)
        for _ in 0..<length { text.append(try units.u16()) }
        return String(decoding: text, as: UTF16.self)
    }

    /// Whether the string of this index is `text`, which is ASCII. Costs no more than `text` is long, so that it may be asked
    /// as often as a file pleases.
    func isString(_ index: UInt32, _ text: StaticString) throws(Malformed) -> Bool {
        guard let (start, length) = try encoded(index), length == text.utf8CodeUnitCount else { return false }
        var reader = start
        for position in 0..<length {
            let unit = try isUTF8 ? UInt16(reader.u8()) : reader.u16()
            guard unsafe unit == UInt16(text.utf8Start[position]) else { return false }
        }
        return true
    }

    /// Where a string begins, and its length in units of the encoding.
    private func encoded(_ index: UInt32) throws(Malformed) -> (ByteReader, length: Int)? {
        guard index < count else { return nil }
        var offset = try offsets.from(Int(index) * 4)
        var reader = try strings.from(try offset.length32())
        if isUTF8 {
            _ = try Self.length8(&reader)
            let length = try Self.length8(&reader)
            return (reader, length)
        }
        var length = Int(try reader.u16())
        if length & 0x8000 != 0 { length = (length & 0x7FFF) << 16 | Int(try reader.u16()) }
        return (reader, length)
    }

    private static func length8(_ reader: inout ByteReader) throws(Malformed) -> Int {
        let first = Int(try reader.u8())
        return first & 0x80 == 0 ? first : (first & 0x7F) << 8 | Int(try reader.u8())
    }
}
