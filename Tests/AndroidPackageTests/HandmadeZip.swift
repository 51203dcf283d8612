/// A ZIP written byte by byte, so that it can be wrong in every way. Files are stored, not compressed, unless their method
/// says otherwise; sizes and CRC-32 are right unless a file says otherwise.
struct HandmadeZip {
    struct File {
        var name: String
        var data: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        var localName: String?
        var crc: UInt32?
        var size: UInt32?
        var compressedSize: UInt32?
        var offset: UInt32?
        var extra: [UInt8] = []

        init(_ name: String, _ data: [UInt8]) {
            self.name = name
            self.data = data
        }
    }

    var files: [File]
    var entryCount: UInt16?
    var directorySize: UInt32?
    var directoryOffset: UInt32?
    var comment: [UInt8] = []
    var prefix: [UInt8] = []
    /// Between the files and the directory.
    var gap: [UInt8] = []
    /// Between the directory and the end.
    var tail: [UInt8] = []

    init(_ files: [File]) {
        self.files = files
    }

    var bytes: [UInt8] {
        var contents = prefix
        var directory: [UInt8] = []
        for file in files {
            let offset = UInt32(contents.count)
            let size = UInt32(file.data.count)
            let crc = file.crc ?? Self.crc32(file.data)
            let localName = Array((file.localName ?? file.name).utf8)
            contents += Self.le(UInt32(0x0403_4B50)) + Self.le(UInt16(20)) + Self.le(file.flags) + Self.le(file.method)
            contents += Self.le(UInt32(0)) + Self.le(crc) + Self.le(size) + Self.le(file.size ?? size)
            contents += Self.le(UInt16(localName.count)) + Self.le(UInt16(0)) + localName + file.data
            let name = Array(file.name.utf8)
            directory += Self.le(UInt32(0x0201_4B50)) + Self.le(UInt16(20)) + Self.le(UInt16(20)) + Self.le(file.flags)
            directory += Self.le(file.method) + Self.le(UInt32(0)) + Self.le(crc) + Self.le(file.compressedSize ?? size)
            directory += Self.le(file.size ?? size) + Self.le(UInt16(name.count)) + Self.le(UInt16(file.extra.count))
            directory += Self.le(UInt16(0)) + Self.le(UInt64(0)) + Self.le(file.offset ?? offset) + name + file.extra
        }
        contents += gap
        let count = entryCount ?? UInt16(files.count)
        var end = Self.le(UInt32(0x0605_4B50)) + Self.le(UInt32(0)) + Self.le(count) + Self.le(count)
        end += Self.le(directorySize ?? UInt32(directory.count)) + Self.le(directoryOffset ?? UInt32(contents.count))
        end += Self.le(UInt16(comment.count)) + comment
        return contents + directory + tail + end
    }

    static func le(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<(type(of: value).bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
        }
        return ~crc
    }
}
