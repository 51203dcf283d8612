/// A `Range` header with one range of bytes. Source: RFC 9110, section 14.
enum RangeHeader {
    /// The bytes that are meant, or nil where the header asks for nothing that this server understands (it is then
    /// ignored, as the standard says).
    /// - Throws: 416 where no byte of it exists.
    static func parse(_ text: String, size: Int64) throws(ErrorAnswer) -> Range<Int64>? {
        guard text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        let unsatisfiable = ErrorAnswer.invalidRange.header("Content-Range", "bytes */\(size)")
        if ends[0].isEmpty {
            guard let count = Int64(ends[1]), count >= 0 else { return nil }
            guard count > 0, size > 0 else { throw unsatisfiable }
            return max(0, size - count)..<size
        }
        guard let first = Int64(ends[0]), first >= 0 else { return nil }
        let last = ends[1].isEmpty ? Int64.max - 1 : Int64(ends[1])
        guard let last, last >= first else { return nil }
        guard first < size else { throw unsatisfiable }
        return first..<min(size, last + 1)
    }
}
