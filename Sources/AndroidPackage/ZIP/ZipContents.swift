import CZlib

/// Reads the files of a ZIP.
struct ZipContents {
    /// Where the last entry has to end.
    let end: Int64

    /// Where an entry's data lies, from its local header (PKWARE APPNOTE 4.3.7), which may be padded for alignment.
    func dataRange<Source>(
        of entry: ZipEntry, _ reader: inout RangeReader<Source>, hint: Int64
    ) async throws -> Range<Int64> {
        guard let leastEnd = entry.leastEnd, leastEnd <= end else { throw Malformed("it is not before the directory") }
        let headerEnd = entry.offset + ZipEntry.localHeaderSize + Int64(entry.name.count)
        let hinted = entry.offset..<max(headerEnd, min(end, entry.offset + max(hint, type(of: reader).readAhead)))
        var header = ByteReader(try await reader.read(entry.offset..<headerEnd, hint: hinted))
        guard try header.u32() == 0x0403_4B50 else { throw Malformed("it is not where the directory says") }
        try header.skip(22)
        let nameLength = Int(try header.u16())
        let extraLength = Int64(try header.u16())
        guard nameLength == entry.name.count, header.slice == entry.name else {
            throw Malformed("the directory calls it by another name")
        }
        guard extraLength <= end - leastEnd else { throw Malformed("it is not before the directory") }
        let start = headerEnd + extraLength
        return start..<(start + entry.compressedSize)
    }

    /// All of an entry, decompressed and checked against its CRC-32; at most `limit` bytes either way.
    func data<Source>(
        of entry: ZipEntry, limit: Int64, _ reader: inout RangeReader<Source>
    ) async throws -> [UInt8] {
        guard entry.size >= 0, entry.size <= limit, entry.compressedSize >= 0, entry.compressedSize <= limit else {
            throw Malformed("it is larger than \(limit >> 20) MiB")
        }
        // Padding beyond a page costs another request.
        let hint = ZipEntry.localHeaderSize + Int64(entry.name.count) + 4096 + entry.compressedSize
        let range = try await dataRange(of: entry, &reader, hint: min(hint, 1 << 20))
        let raw = try await reader.read(range)
        var bytes: [UInt8] = []
        var crc: UInt = 0
        unsafe try Self.decode(entry, pieces: [raw]) { piece in
            unsafe bytes.append(contentsOf: piece)
            unsafe crc = crc32_z(crc, piece.baseAddress?.assumingMemoryBound(to: UInt8.self), piece.count)
        }
        guard crc == UInt(entry.crc) else { throw Malformed("its bytes do not have its CRC-32") }
        return bytes
    }

    private static func decode(
        _ entry: ZipEntry, pieces: [[UInt8]], _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(Malformed) {
        var decoder = try EntryDecoder(entry)
        for piece in pieces { unsafe try decoder.feed(piece, take: take) }
        try decoder.finish()
    }
}

/// Turns an entry's data into its bytes, whichever of the two methods it is kept by.
struct EntryDecoder: ~Copyable {
    private var inflater: Inflater?

    init(_ entry: ZipEntry) throws(Malformed) {
        guard entry.flags & 1 == 0 else { throw Malformed("it is encrypted") }
        switch entry.method {
        case 0:
            guard entry.size == entry.compressedSize else { throw Malformed("its two sizes contradict each other") }
            inflater = nil
        case 8:
            inflater = Inflater(size: entry.size)
        default:
            throw Malformed("it is compressed by a method that Android does not know")
        }
    }

    mutating func feed(_ bytes: [UInt8], take: (UnsafeRawBufferPointer) -> Void) throws(Malformed) {
        if inflater == nil {
            unsafe bytes.withUnsafeBytes { unsafe take($0) }
        } else {
            unsafe try inflater?.feed(bytes, take: take)
        }
    }

    func finish() throws(Malformed) {
        switch inflater {
        case .some(let inflater): try inflater.finish()
        case .none: break
        }
    }
}
