/// Reads ranges of a file and keeps what it read, so that neighbours cost one request together.
struct RangeReader<Source: PackageSource> {
    private struct Window {
        var start: Int64
        var bytes: [UInt8]
    }

    let source: Source
    let size: Int64
    private var windows: [Window] = []

    /// A range that is asked for together with what follows it reads this much at least.
    static var readAhead: Int64 { 32 << 10 }

    init(_ source: Source) {
        self.source = source
        size = max(0, source.size)
    }

    /// The bytes of `range`, which must lie in the file. If none of them are at hand, all of `hint` is read and kept.
    mutating func read(_ range: Range<Int64>, hint: Range<Int64>? = nil) async throws -> [UInt8] {
        for window in windows {
            let start = range.lowerBound - window.start
            guard start >= 0, start + Int64(range.count) <= window.bytes.count else { continue }
            return Array(window.bytes[Int(start)..<(Int(start) + range.count)])
        }
        guard range.lowerBound >= 0, range.upperBound <= size else { throw Malformed("it reaches past the file's end") }
        let lower = min(range.lowerBound, hint?.lowerBound ?? range.lowerBound)
        let upper = max(range.upperBound, hint?.upperBound ?? range.upperBound)
        let wanted = max(0, lower)..<min(size, upper)
        let bytes = try await source.read(wanted)
        guard bytes.count == wanted.count else {
            throw PackageError(.truncated, "The file gave \(bytes.count) bytes where \(wanted.count) were asked for.")
        }
        if hint != nil { windows.append(Window(start: wanted.lowerBound, bytes: bytes)) }
        if wanted == range { return bytes }
        let start = Int(range.lowerBound - wanted.lowerBound)
        return Array(bytes[start..<(start + range.count)])
    }
}
