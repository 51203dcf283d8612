import ObjectModel

/// Keys that some servers keep under another name: `//x` becomes `x` (MinIO on a file system, JuiceFS), `a\b` becomes
/// `a/b` (SeaweedFS), `.` and `..` are resolved.
enum KeyAliases {
    /// Whether a server may keep `key` under another name.
    static func isDoubtful(_ key: ObjectKey) -> Bool {
        let bytes = key.bytes
        guard let first = bytes.first, let last = bytes.last else { return false }
        if first == slash || last == slash || bytes.contains(UInt8(ascii: "\\")) { return true }
        var segmentLength = 0
        var dots = 0
        for byte in bytes + [slash] {
            if byte == slash {
                if segmentLength == 0 || segmentLength == dots && dots <= 2 { return true }
                segmentLength = 0
                dots = 0
            } else {
                segmentLength += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
            }
        }
        return false
    }

    /// The names under which `key` may be found instead.
    static func names(of key: ObjectKey) -> Set<ObjectKey> {
        let slashed = key.bytes.map { $0 == UInt8(ascii: "\\") ? slash : $0 }
        var segments: [ArraySlice<UInt8>] = []
        for segment in slashed.split(separator: slash) {
            if segment.elementsEqual(".".utf8) { continue }
            if segment.elementsEqual("..".utf8) {
                _ = segments.popLast()
            } else {
                segments.append(segment)
            }
        }
        let clean = Array(segments.joined(separator: [slash]))
        return Set([ObjectKey(bytes: slashed), ObjectKey(bytes: clean), ObjectKey(bytes: clean + [slash])])
            .subtracting([key, ObjectKey(bytes: []), ObjectKey(bytes: [slash])])
    }

    private static let slash = UInt8(ascii: "/")
}
