/// Bytes that are not what their format says; a clause to follow a colon.
struct Malformed: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Reads little-endian numbers and stretches from bytes that nobody vouches for. Nothing reaches outside of its range,
/// and no length overflows: what is not there throws.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var position: Int
    let end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Bytes that are left.
    var count: Int { end - position }
    var isEmpty: Bool { position == end }

    private func check(_ count: Int) throws(Malformed) {
        guard count >= 0, count <= end - position else { throw Malformed("it ends early") }
    }

    mutating func skip(_ count: Int) throws(Malformed) {
        try check(count)
        position += count
    }

    /// The next bytes as a reader of their own.
    mutating func take(_ count: Int) throws(Malformed) -> ByteReader {
        try check(count)
        defer { position += count }
        return ByteReader(bytes, position..<(position + count))
    }

    /// What is left, from `offset` on, which counts from the position.
    func from(_ offset: Int) throws(Malformed) -> ByteReader {
        try check(offset)
        return ByteReader(bytes, (position + offset)..<end)
    }

    mutating func u8() throws(Malformed) -> UInt8 {
        try check(1)
        defer { position += 1 }
        return bytes[position]
    }

    mutating func u16() throws(Malformed) -> UInt16 {
        try check(2)
        defer { position += 2 }
        return UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8
    }

    mutating func u32() throws(Malformed) -> UInt32 {
        let low = try u16()
        return UInt32(low) | UInt32(try u16()) << 16
    }

    mutating func u64() throws(Malformed) -> UInt64 {
        let low = try u32()
        return UInt64(low) | UInt64(try u32()) << 32
    }

    /// A number that is to be a length or an offset in memory.
    mutating func length32() throws(Malformed) -> Int { Int(try u32()) }

    /// A number that is to be a length or an offset in a file.
    mutating func length64() throws(Malformed) -> Int64 {
        guard let value = Int64(exactly: try u64()) else { throw Malformed("it has a length beyond all measure") }
        return value
    }

    /// Bytes behind their length in 32 bits, as everything in a signing block is.
    mutating func prefixed() throws(Malformed) -> ByteReader {
        try take(try length32())
    }

    var array: [UInt8] { Array(bytes[position..<end]) }
    var slice: ArraySlice<UInt8> { bytes[position..<end] }
}
