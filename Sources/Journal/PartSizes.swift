/// The sizes of a multipart upload's parts as a few bytes: runs of equal sizes, each a count and a size.
///
/// Almost every layout is one size and a smaller last part, four to ten bytes for up to 10,000 parts. Numbers are
/// unsigned LEB128.
enum PartSizes {
    /// No upload has more parts (S3), so that a damaged record cannot ask for memory without bounds.
    static let maximumCount = 10_000

    /// `sizes` must not be negative.
    static func encode(_ sizes: [Int64]) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < sizes.count {
            let end = sizes[index...].firstIndex { $0 != sizes[index] } ?? sizes.count
            append(UInt64(end - index), to: &bytes)
            append(UInt64(sizes[index]), to: &bytes)
            index = end
        }
        return bytes
    }

    /// Nil for bytes that `encode` cannot have made.
    static func decode(_ bytes: [UInt8]) -> [Int64]? {
        var sizes: [Int64] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let count = take(from: &rest), let size = take(from: &rest), count > 0,
                count <= UInt64(maximumCount - sizes.count), let part = Int64(exactly: size)
            else { return nil }
            sizes.append(contentsOf: repeatElement(part, count: Int(count)))
        }
        return sizes
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func take(from bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
