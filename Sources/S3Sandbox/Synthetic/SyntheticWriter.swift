import Glibc

/// Writes the entries of synthetic objects, byte for byte as the sandbox writes those of stored ones: a template with the
/// digits put in, nothing allocated for an entry.
struct SyntheticWriter {
    private static let start = Array("<Contents><Key>".utf8)
    private static let etag = "</LastModified><ETag>&#34;"
    /// From the key to the size.
    private static let middle = Array(
        "</Key><LastModified>\(SyntheticFacts.year)-00-00T00:00:00.000Z\(etag)\(String(repeating: "0", count: 32))&#34;</ETag><Size>"
            .utf8)
    private static let timeOffset = "</Key><LastModified>".utf8.count
    private static let etagOffset = timeOffset + "0000-00-00T00:00:00.000Z".utf8.count + etag.utf8.count
    /// The size has at most this many digits.
    private static let sizeWidth = 7

    private let table: SyntheticTable
    private let start = Self.start
    private let middle = Self.middle
    private let end: [UInt8]
    private let timeOffset = Self.timeOffset
    private let etagOffset = Self.etagOffset
    private let longestSuffix: Int

    /// `owner`: the element that tells the owner, or nothing.
    init(_ table: SyntheticTable, owner: String) {
        self.table = table
        end = Array("</Size>\(owner)<StorageClass>STANDARD</StorageClass></Contents>".utf8)
        longestSuffix = table.keys.longestSuffix
    }

    func append(_ run: Range<Int>, to buffer: PageBuffer) {
        let keys = table.keys
        var index = run.lowerBound
        while index < run.upperBound {
            let block = index / keys.blockSize
            let next = min(run.upperBound, (block + 1) * keys.blockSize)
            let prefix = keys.prefix(ofBlock: block)
            let length = start.count + prefix.count + longestSuffix + middle.count + Self.sizeWidth + end.count
            unsafe buffer.write(atMost: length * (next - index)) { memory in
                var place = unsafe memory
                for each in index..<next {
                    unsafe append(table.facts(each), prefix, each - block * keys.blockSize, keys, at: &place)
                }
                return unsafe place - memory
            }
            index = next
        }
    }

    @unsafe private func append(
        _ facts: SyntheticFacts, _ prefix: [UInt8], _ suffix: Int, _ keys: SyntheticKeys,
        at place: inout UnsafeMutableRawPointer
    ) {
        unsafe Self.copy(start.span.bytes, to: &place)
        unsafe Self.copy(prefix.span.bytes, to: &place)
        unsafe Self.copy(keys.suffixes.span.bytes.extracting(keys.starts[suffix]..<keys.starts[suffix + 1]), to: &place)
        let fields = unsafe place
        unsafe Self.copy(middle.span.bytes, to: &place)
        // YYYY-MM-DDTHH:MM:SS.mmmZ
        let time = unsafe fields + timeOffset
        unsafe Self.put(facts.month, at: time + 5)
        unsafe Self.put(facts.day, at: time + 8)
        unsafe Self.put(facts.hour, at: time + 11)
        unsafe Self.put(facts.minute, at: time + 14)
        unsafe Self.put(facts.second, at: time + 17)
        unsafe Self.put(facts.millisecond / 10, at: time + 20)
        unsafe (time + 22).storeBytes(of: UInt8(truncatingIfNeeded: 48 + facts.millisecond % 10), as: UInt8.self)
        for (number, word) in [facts.etag.high, facts.etag.low].enumerated() {
            let digits = unsafe fields + etagOffset + 16 * number
            let (high, low) = (UInt32(truncatingIfNeeded: word >> 32), UInt32(truncatingIfNeeded: word))
            unsafe digits.storeBytes(of: SyntheticFacts.digits(high).littleEndian, as: UInt64.self)
            unsafe (digits + 8).storeBytes(of: SyntheticFacts.digits(low).littleEndian, as: UInt64.self)
        }
        unsafe Self.putSize(facts.size, at: &place)
        unsafe Self.copy(end.span.bytes, to: &place)
    }

    @unsafe private static func copy(_ bytes: RawSpan, to place: inout UnsafeMutableRawPointer) {
        unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { _ = unsafe memcpy(place, start, source.count) }
        }
        unsafe place += bytes.byteCount
    }

    /// Two digits.
    @unsafe private static func put(_ value: Int, at place: UnsafeMutableRawPointer) {
        unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: 48 + value / 10), as: UInt8.self)
        unsafe (place + 1).storeBytes(of: UInt8(truncatingIfNeeded: 48 + value % 10), as: UInt8.self)
    }

    @unsafe private static func putSize(_ size: Int, at place: inout UnsafeMutableRawPointer) {
        var width = 1
        var limit = 10
        while size >= limit {
            width += 1
            limit *= 10
        }
        var rest = size
        for digit in stride(from: width - 1, through: 0, by: -1) {
            unsafe (place + digit).storeBytes(of: UInt8(truncatingIfNeeded: 48 + rest % 10), as: UInt8.self)
            rest /= 10
        }
        unsafe place += width
    }
}
