/// One file of a ZIP, as its directory describes it. No number of it is to be trusted.
struct ZipEntry {
    var name: ArraySlice<UInt8>
    var flags: UInt16
    var method: UInt16
    var crc: UInt32
    var compressedSize: Int64
    var size: Int64
    /// Of the local header.
    var offset: Int64

    static let localHeaderSize: Int64 = 30

    func isNamed(_ text: StaticString) -> Bool {
        unsafe name.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// What the entry takes up at least, header included; nil where that is no number.
    var leastEnd: Int64? {
        let (header, overflows) = offset.addingReportingOverflow(Self.localHeaderSize + Int64(name.count))
        let (end, overflowsToo) = header.addingReportingOverflow(compressedSize)
        return overflows || overflowsToo || offset < 0 || compressedSize < 0 ? nil : end
    }
}

/// A ZIP's central directory (PKWARE APPNOTE 4.3.12), checked for contradictions.
struct ZipDirectory {
    /// Bytes of the largest directory that is read; one of 65,535 entries, the most without ZIP64, has about half of it.
    static let limit: Int64 = 16 << 20

    let entries: [ZipEntry]
    /// What keeps it from being installed, though it can be read.
    let problems: [PackageProblem]

    /// `contentsEnd` is where the last entry has to end.
    init(_ bytes: [UInt8], end: ZipEnd, contentsEnd: Int64) throws(Malformed) {
        var reader = ByteReader(bytes)
        var entries: [ZipEntry] = []
        while !reader.isEmpty { entries.append(try Self.entry(&reader)) }
        self.entries = entries
        problems = Self.problems(entries, end: end, contentsEnd: contentsEnd)
    }

    func first(_ name: StaticString) -> ZipEntry? { entries.first { $0.isNamed(name) } }

    private static func entry(_ reader: inout ByteReader) throws(Malformed) -> ZipEntry {
        guard try reader.u32() == 0x0201_4B50 else { throw Malformed("an entry does not begin like one") }
        try reader.skip(4)
        let flags = try reader.u16()
        let method = try reader.u16()
        try reader.skip(4)
        let crc = try reader.u32()
        let compressedSize = try reader.u32()
        let size = try reader.u32()
        let nameLength = Int(try reader.u16())
        let extraLength = Int(try reader.u16())
        let commentLength = Int(try reader.u16())
        try reader.skip(8)
        let offset = try reader.u32()
        let name = try reader.take(nameLength).slice
        var extra = try reader.take(extraLength)
        try reader.skip(commentLength)
        var entry = ZipEntry(
            name: name, flags: flags, method: method, crc: crc, compressedSize: Int64(compressedSize),
            size: Int64(size), offset: Int64(offset))
        guard size == .max || compressedSize == .max || offset == .max else { return entry }
        // Alignment pads the extra fields with zeros, so what cannot be a field ends them.
        while extra.count >= 4 {
            let kind = try extra.u16()
            let length = Int(try extra.u16())
            guard length <= extra.count else { break }
            var field = try extra.take(length)
            guard kind == 1 else { continue }
            if size == .max { entry.size = try field.length64() }
            if compressedSize == .max { entry.compressedSize = try field.length64() }
            if offset == .max { entry.offset = try field.length64() }
            break
        }
        return entry
    }

    private static func problems(_ entries: [ZipEntry], end: ZipEnd, contentsEnd: Int64) -> [PackageProblem] {
        var problems: [PackageProblem] = []
        if end.isZip64 {
            problems.append(PackageProblem(.unsupported, "It is a ZIP64, which Android does not install."))
        } else if end.directory.upperBound != end.offset {
            problems.append(PackageProblem(.brokenZip, "There is something between the ZIP's directory and its end."))
        }
        if end.entryCount != UInt64(entries.count) {
            problems.append(
                PackageProblem(
                    .brokenZip,
                    "The ZIP's directory has \(entries.count) entries and is said to have \(end.entryCount)."
                ))
        }
        if Set(entries.map(\.name)).count != entries.count {
            let manifests = entries.count { $0.isNamed("AndroidManifest.xml") }
            problems.append(
                PackageProblem(
                    .brokenZip,
                    manifests > 1 ? "There are \(manifests) manifests." : "The ZIP has two entries of one name."))
        }
        if entries.contains(where: { ($0.leastEnd ?? .max) > contentsEnd }) {
            problems.append(PackageProblem(.brokenZip, "The ZIP has an entry that is not before the directory."))
        }
        let sorted = entries.sorted { $0.offset < $1.offset }
        if zip(sorted, sorted.dropFirst()).contains(where: { ($0.leastEnd ?? .max) > $1.offset }) {
            problems.append(PackageProblem(.brokenZip, "The ZIP has entries that overlap."))
        }
        return problems
    }
}
