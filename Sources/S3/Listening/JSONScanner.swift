/// Why a text is not JSON, or not the JSON that was expected.
package struct JSONScanError: Error, CustomStringConvertible {
    package let description: String
}

/// Walks through JSON text once, from left to right, handing out what is asked for and skipping the rest.
///
/// In the place of `JSONDecoder`, which takes the bytes that are not UTF-8 out of a key, and several times as long.
/// Grammar of RFC 8259, with two liberties: strings may hold any byte, and half a surrogate pair reads as U+FFFD.
struct JSONScanner {
    /// Objects and arrays within each other; more is refused, as Go's encoder would never write it.
    static let depthLimit = 512

    let bytes: [UInt8]
    var position: Int
    let end: Int

    init(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(range.upperBound <= bytes.count, "A text that ends behind its bytes.")
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    private var next: UInt8? { position < end ? bytes[position] : nil }

    func unexpected(_ wanted: String) -> JSONScanError {
        let found = next.map { $0 > 0x20 && $0 < 0x7F ? "\"\(Character(UnicodeScalar($0)))\"" : "byte \($0)" }
        return JSONScanError(description: "\(found ?? "the end") in the place of \(wanted)")
    }

    /// Skips white space; true at the end of the text.
    mutating func skipSpace() -> Bool {
        while position < end, Self.isSpace(bytes[position]) { position += 1 }
        return position == end
    }

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Takes `byte`, which is no white space, if that is what comes.
    @inline(__always)
    private mutating func takes(_ byte: UInt8) -> Bool {
        if position < end, bytes[position] == byte {
            position += 1
            return true
        }
        return takesAfterSpace(byte)
    }

    private mutating func takesAfterSpace(_ byte: UInt8) -> Bool {
        guard !skipSpace(), bytes[position] == byte else { return false }
        position += 1
        return true
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8) throws(JSONScanError) {
        guard takes(byte) else { throw unexpected("\"\(Character(UnicodeScalar(byte)))\"") }
    }

    // MARK: Values

    /// Calls `member` with the name of each member of an object; it must read or skip exactly the value.
    mutating func readObject(
        _ member: (inout JSONScanner, Text) throws(JSONScanError) -> Void
    ) throws(JSONScanError) {
        try expect(UInt8(ascii: "{"))
        if takes(UInt8(ascii: "}")) { return }
        repeat {
            try member(&self, try readName())
        } while takes(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Calls `element` at each element of an array; it must read or skip exactly that.
    mutating func readArray(
        _ element: (inout JSONScanner) throws(JSONScanError) -> Void
    ) throws(JSONScanError) {
        try expect(UInt8(ascii: "["))
        if takes(UInt8(ascii: "]")) { return }
        repeat {
            try element(&self)
        } while takes(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// Reads `null` if that is what comes.
    mutating func readNull() throws(JSONScanError) -> Bool {
        guard !skipSpace(), bytes[position] == UInt8(ascii: "n") else { return false }
        try skip(word: "null")
        return true
    }

    /// The string that comes; nil, and it is skipped, if it is a value of another kind.
    mutating func readString() throws(JSONScanError) -> Text? {
        guard !skipSpace(), bytes[position] == UInt8(ascii: "\"") else {
            try skipValue()
            return nil
        }
        return try readText()
    }

    /// The whole number that comes; nil, and it is skipped, if it is a value of another kind or too large.
    mutating func readInteger() throws(JSONScanError) -> Int64? {
        guard !skipSpace(), bytes[position] == UInt8(ascii: "-") || Self.isDigit(bytes[position]) else {
            try skipValue()
            return nil
        }
        let start = position
        try skipNumber()
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        return Int64(text) ?? Double(text).flatMap { Int64(exactly: $0.rounded()) }
    }

    /// Skips one value of any kind, however deep within the limit. No recursion: what comes is not to be trusted.
    mutating func skipValue() throws(JSONScanError) {
        var closers: [UInt8] = []
        while true {
            if let closer = try skipScalarOrOpen() {
                closers.append(closer)
                guard closers.count <= Self.depthLimit else {
                    throw JSONScanError(description: "it is nested more than \(Self.depthLimit) deep")
                }
                if !takes(closer) {
                    if closer == UInt8(ascii: "}") { _ = try readName() }
                    continue
                }
                closers.removeLast()
            }
            // A value is behind us: close what ends with it, or go on to the next one.
            while let closer = closers.last {
                if takes(UInt8(ascii: ",")) {
                    if closer == UInt8(ascii: "}") { _ = try readName() }
                    break
                }
                try expect(closer)
                closers.removeLast()
            }
            if closers.isEmpty { return }
        }
    }

    /// Skips a scalar, or the bracket that opens an object or an array, whose closing one is answered.
    private mutating func skipScalarOrOpen() throws(JSONScanError) -> UInt8? {
        guard !skipSpace() else { throw unexpected("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"):
            position += 1
            return UInt8(ascii: "}")
        case UInt8(ascii: "["):
            position += 1
            return UInt8(ascii: "]")
        case UInt8(ascii: "\""): _ = try readText()
        case UInt8(ascii: "t"): try skip(word: "true")
        case UInt8(ascii: "f"): try skip(word: "false")
        case UInt8(ascii: "n"): try skip(word: "null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
        default: throw unexpected("a value")
        }
        return nil
    }

    private mutating func skip(word: StaticString) throws(JSONScanError) {
        let count = word.utf8CodeUnitCount
        guard position + count <= end, isEqual(position..<(position + count), word) else {
            throw unexpected("a value")
        }
        position += count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private mutating func skipNumber() throws(JSONScanError) {
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
        if next == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(JSONScanError) {
        guard let first = next, Self.isDigit(first) else { throw unexpected("a digit") }
        while let byte = next, Self.isDigit(byte) { position += 1 }
    }
}
