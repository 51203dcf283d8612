/// Reads ranges of a file and keeps some of what it read, so that neighbours cost one request together.
struct RangeReader<Source: PackageSource> {
    private struct Window {
        var start: Int64
        var bytes: [UInt8]

        func slice(_ range: Range<Int64>) -> ArraySlice<UInt8>? {
            let offset = range.lowerBound - start
            guard offset >= 0, offset <= bytes.count, range.count <= Int64(bytes.count) - offset else { return nil }
            return bytes[Int(offset)..<(Int(offset) + range.count)]
        }
    }

    let source: Source
    let size: Int64
    /// Whether ranges come in ascending order: then the file is read in blocks, each one once, of which one is kept.
    var isSequential = false
    private var windows: [Window] = []

    /// A range that is asked for together with what follows it reads this much at least.
    static var readAhead: Int64 { 32 << 10 }
    static var blockSize: Int64 { 1 << 20 }
    private static var maximumWindows: Int { 4 }

    init(_ source: Source) {
        self.source = source
        size = max(0, source.size)
    }

    /// The bytes of `range`, which must lie in the file. If they are not at hand, all of `hint` is read with them and kept.
    mutating func read(_ range: Range<Int64>, hint: Range<Int64>? = nil) async throws -> [UInt8] {
        for window in windows {
            if let slice = window.slice(range) { return Array(slice) }
        }
        guard range.lowerBound >= 0, range.upperBound <= size else { throw Malformed("it reaches past the file's end") }
        if isSequential { return try await readBlocks(range) }
        let lower = min(range.lowerBound, hint?.lowerBound ?? range.lowerBound)
        let upper = max(range.upperBound, hint?.upperBound ?? range.upperBound)
        let window = try await window(max(0, lower)..<min(size, upper))
        if hint != nil { keep(window) }
        return window.slice(range).map(Array.init) ?? []
    }

    private mutating func readBlocks(_ range: Range<Int64>) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var position = range.lowerBound
        while position < range.upperBound {
            let start = position - position % Self.blockSize
            let end = min(size, start + Self.blockSize)
            let part = position..<min(end, range.upperBound)
            if let slice = windows.last?.slice(part) {
                bytes += slice
            } else {
                let block = try await window(start..<end)
                keep(block)
                bytes += block.slice(part) ?? []
            }
            position = part.upperBound
        }
        return bytes
    }

    /// The first one is kept for good: the file's end, which is asked for most.
    private mutating func keep(_ window: Window) {
        if windows.count == Self.maximumWindows { windows.remove(at: 1) }
        windows.append(window)
    }

    private func window(_ range: Range<Int64>) async throws -> Window {
        let bytes = try await source.read(range)
        guard bytes.count == range.count else {
            throw PackageError(.truncated, "The file gave \(bytes.count) bytes where \(range.count) were asked for.")
        }
        return Window(start: range.lowerBound, bytes: bytes)
    }
}
