import CLinux
import Glibc

/// The process's memory as a whole.
public enum Memory {
    /// Gives back what is not in use at present: free blocks of the heap, and pages of code that were read once. For a
    /// process that will have nothing to do for a while; what is needed again comes back by itself, in microseconds.
    public static func giveBack() {
        malloc_trim(0)
        for range in cleanMappings(maps()) {
            unsafe madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
    }

    /// What is mapped from files and never written to: code, and the constants that lie before it in the same file. What
    /// lies behind code may have been relocated when it was loaded, and must stay.
    static func cleanMappings(_ maps: String) -> [Range<UInt>] {
        var clean: [Range<UInt>] = []
        var constants: (file: Substring, ranges: [Range<UInt>]) = ("", [])
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            // The last field is set in by spaces.
            guard fields.count == 6, case let file = fields[5].drop(while: { $0 == " " }), file.hasPrefix("/"),
                !file.hasSuffix(" (deleted)")
            else { continue }
            let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, bounds[0] < bounds[1] else { continue }
            if constants.file != file { constants = (file, []) }
            switch fields[1] {
            case "r--p": constants.ranges.append(bounds[0]..<bounds[1])
            case "r-xp":
                clean += constants.ranges + [bounds[0]..<bounds[1]]
                constants.ranges = []
            default: constants.ranges = []
            }
        }
        return clean
    }

    private static func maps() -> String {
        let descriptor = unsafe open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
