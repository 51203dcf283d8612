/// The end of a ZIP's central directory (PKWARE APPNOTE 4.3.14 to 4.3.16): where the directory lies.
struct ZipEnd: Hashable, Sendable {
    /// Of the end record itself, which reaches to the file's end.
    var offset: Int64
    var directory: Range<Int64>
    var entryCount: UInt64
    var isZip64: Bool

    static let recordSize = 22
    private static let locatorSize = 20
    private static let zip64RecordSize = 56
    /// Where in the record the directory's offset stands.
    static let directoryOffsetField = 16
    /// A record with the longest comment, and the locator before it.
    static let maximumSize = recordSize + Int(UInt16.max) + locatorSize

    /// The offset in `tail`, a file's last bytes, of the record whose comment ends with the file.
    ///
    /// As Android does it: the last such record counts, and a comment of another length is no comment.
    static func find(in tail: [UInt8]) -> Int? {
        guard tail.count >= recordSize else { return nil }
        for start in stride(from: tail.count - recordSize, through: max(0, tail.count - maximumSize), by: -1)
        where tail[start] == 0x50 && tail[start + 1] == 0x4B && tail[start + 2] == 5 && tail[start + 3] == 6 {
            let comment = Int(tail[start + 20]) | Int(tail[start + 21]) << 8
            if start + recordSize + comment == tail.count { return start }
        }
        return nil
    }

    /// Reads the file's end. Throws `PackageError` where there is none, or one that cannot be.
    static func read<Source>(_ reader: inout RangeReader<Source>) async throws -> ZipEnd {
        let tailStart = max(0, reader.size - Int64(reader.size <= 512 << 10 ? 512 << 10 : 128 << 10))
        let tail = try await reader.read(tailStart..<reader.size, hint: tailStart..<reader.size)
        guard let position = find(in: tail) else {
            let start = try await reader.read(0..<min(4, reader.size))
            guard start == [0x50, 0x4B, 3, 4] else { throw PackageError(.notPackage, "The file is not a ZIP.") }
            throw PackageError(.truncated, "The file begins as a ZIP but has no end of its directory.")
        }
        do {
            return try await read(&reader, tail: tail, at: position, tailStart: tailStart)
        } catch let error as Malformed {
            throw PackageError(.brokenZip, "The ZIP's end cannot be read: \(error.reason).")
        }
    }

    private static func read<Source>(
        _ reader: inout RangeReader<Source>, tail: [UInt8], at position: Int, tailStart: Int64
    ) async throws -> ZipEnd {
        var record = try ByteReader(tail).from(position)
        try record.skip(4)
        let disk = try record.u16()
        let firstDisk = try record.u16()
        try record.skip(2)
        var entryCount = UInt64(try record.u16())
        var size = Int64(try record.u32())
        var start = Int64(try record.u32())
        let offset = tailStart + Int64(position)
        var limit = offset
        var isZip64 = false
        if position >= locatorSize {
            var locator = try ByteReader(tail).from(position - locatorSize)
            if try locator.u32() == 0x0706_4B50 {
                isZip64 = true
                try locator.skip(4)
                limit = try locator.length64()
                guard limit <= offset - Int64(locatorSize + zip64RecordSize) else {
                    throw Malformed("the ZIP64 record is not before its locator")
                }
                let bytes = try await reader.read(limit..<(limit + Int64(zip64RecordSize)))
                var zip64 = ByteReader(bytes)
                guard try zip64.u32() == 0x0606_4B50 else {
                    throw Malformed("the ZIP64 record is not where it should be")
                }
                try zip64.skip(28)
                entryCount = try zip64.u64()
                size = try zip64.length64()
                start = try zip64.length64()
            }
        }
        guard isZip64 || (disk == 0 && firstDisk == 0) else { throw Malformed("it is one of several volumes") }
        // Both are at most 2^63 - 1, so their sum is only formed once it is known to fit.
        guard start <= limit, size <= limit - start else { throw Malformed("the directory is not before it") }
        return ZipEnd(offset: offset, directory: start..<(start + size), entryCount: entryCount, isZip64: isZip64)
    }
}
