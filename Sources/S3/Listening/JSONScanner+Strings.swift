extension JSONScanner {
    /// The characters of a string as they stand between its quotes.
    struct Text {
        let range: Range<Int>
        let hasEscapes: Bool
    }

    mutating func readName() throws(JSONScanError) -> Text {
        guard !skipSpace(), bytes[position] == UInt8(ascii: "\"") else { throw unexpected("a name") }
        let name = try readText()
        try expect(UInt8(ascii: ":"))
        return name
    }

    /// The string at whose opening quote this stands. Escapes are checked when they are decoded.
    mutating func readText() throws(JSONScanError) -> Text {
        guard let text = text(from: position + 1) else {
            throw JSONScanError(description: "a string does not end")
        }
        position = text.range.upperBound + 1
        if text.hasEscapes { try checkEscapes(text) }
        return text
    }

    /// The string from `start` to its closing quote; nil where it has none.
    private func text(from start: Int) -> Text? {
        // Most of a stream of events is looked at here only: without a check for each byte, as `end` is within the bytes.
        unsafe bytes.withUnsafeBufferPointer { bytes in
            var index = start
            var hasEscapes = false
            while index < end {
                if let base = bytes.baseAddress, index + 8 <= end {
                    let word = unsafe UInt64(
                        littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
                    let found = word.matches(UInt8(ascii: "\"")) | word.matches(UInt8(ascii: "\\"))
                    // All eight where there is none.
                    index += found.trailingZeroBitCount / 8
                    if found == 0 { continue }
                }
                let byte = unsafe bytes[index]
                if byte == UInt8(ascii: "\"") { return Text(range: start..<index, hasEscapes: hasEscapes) }
                if byte == UInt8(ascii: "\\") {
                    hasEscapes = true
                    index += 1
                }
                index += 1
            }
            return nil
        }
    }

    /// Whether a string says `word`.
    func says(_ text: Text, _ word: StaticString) -> Bool {
        guard text.hasEscapes else { return isEqual(text.range, word) }
        return string(text) == Array(word.description.utf8)
    }

    func isEqual(_ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        return unsafe bytes[range].withUnsafeBufferPointer { text in
            for offset in 0..<text.count where unsafe text[offset] != word.utf8Start[offset] { return false }
            return true
        }
    }

    /// The bytes that a string stands for.
    func string(_ text: Text) -> [UInt8] {
        guard text.hasEscapes else { return Array(bytes[text.range]) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.range.count)
        var index = text.range.lowerBound
        while index < text.range.upperBound {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\\") {
                appendEscape(&index, text.range.upperBound, to: &decoded)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    /// What the escape stands for whose backslash is behind `index`; `index` goes behind it. It was checked before.
    private func appendEscape(_ index: inout Int, _ end: Int, to decoded: inout [UInt8]) {
        let letter = bytes[index]
        index += 1
        switch letter {
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            var value = codeUnit(at: index) ?? 0xFFFD
            index += 4
            if (0xD800...0xDBFF).contains(value), index + 6 <= end, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u"), let low = codeUnit(at: index + 2),
                (0xDC00...0xDFFF).contains(low)
            {
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                index += 6
            }
            // Half a pair is no character.
            let scalar = UnicodeScalar(value) ?? "\u{FFFD}"
            decoded.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: decoded.append(letter)
        }
    }

    private func checkEscapes(_ text: Text) throws(JSONScanError) {
        var index = text.range.lowerBound
        while index < text.range.upperBound {
            let isEscape = bytes[index] == UInt8(ascii: "\\")
            index += 1
            guard isEscape else { continue }
            switch bytes[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                index += 1
            case UInt8(ascii: "u") where index + 5 <= text.range.upperBound && codeUnit(at: index + 1) != nil:
                index += 5
            default: throw JSONScanError(description: "a string holds an escape that is none")
            }
        }
    }

    /// The value of four hexadecimal digits; nil where they are none or the text ends before.
    private func codeUnit(at index: Int) -> UInt32? {
        guard index + 4 <= end else { return nil }
        var value: UInt32 = 0
        for position in index..<(index + 4) {
            guard let digit = URIEncoding.value(of: bytes[position]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
