/// A pattern for the bytes of a key.
///
/// | in the pattern | matches |
/// |---|---|
/// | `*` | any bytes, none and `/` included |
/// | `?` | one character (a UTF-8 sequence; a byte where the key is not UTF-8), `/` included |
/// | `[a-z_]`, `[!a-z]` | one character in, or not in, the set; `]` and `-` stand for themselves at its beginning |
/// | anything else | itself, `\` included: `[*]` is a star |
///
/// The whole key must match. `*` crosses `/` as in mc's `--exclude`, whose patterns mean the same here; mc has no `[…]`.
/// Matching takes at most (length of the pattern × length of the key) steps, whatever the pattern, and no memory.
public struct Glob: Hashable, Sendable {
    /// A pattern that cannot be meant.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let pattern: String
        public let why: String

        public var description: String {
            "The pattern \"\(pattern)\" cannot be used: \(why); write [[] for a bracket that stands for itself."
        }
    }

    enum Token: Hashable, Sendable {
        case byte(UInt8)
        case anyCharacter
        case anyBytes
        case set([ClosedRange<UInt32>], isNegated: Bool)
    }

    /// The pattern as written.
    public let pattern: String
    private let tokens: [Token]

    /// - Throws: `Malformed` for a set that is not closed, and for a range that ends before it begins.
    public init(_ pattern: String) throws(Malformed) {
        self.pattern = pattern
        var tokens: [Token] = []
        var rest = Array(pattern.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*":
                if tokens.last != .anyBytes { tokens.append(.anyBytes) }
            case "?": tokens.append(.anyCharacter)
            case "[": tokens.append(try Self.set(&rest, pattern))
            default: tokens += String(scalar).utf8.map { .byte($0) }
            }
        }
        self.tokens = tokens
    }

    private static func set(_ rest: inout ArraySlice<Unicode.Scalar>, _ pattern: String) throws(Malformed) -> Token {
        var ranges: [ClosedRange<UInt32>] = []
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest.removeFirst() }
        while let first = rest.popFirst() {
            if first == "]", !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
            if rest.first == "-", let last = rest.dropFirst().first, last != "]" {
                rest.removeFirst(2)
                guard first <= last else {
                    throw Malformed(pattern: pattern, why: "the range \(first)-\(last) ends before it begins")
                }
                ranges.append(first.value...last.value)
            } else {
                ranges.append(first.value...first.value)
            }
        }
        throw Malformed(pattern: pattern, why: "the [ is not closed by a ]")
    }

    /// Whether all of `key` matches.
    public func matches(_ key: borrowing RawSpan) -> Bool {
        var token = 0
        var offset = 0
        // Where to go on when a token fails: behind the last star, with the star taking one byte more. Earlier stars
        // need not be tried again: whatever they could give, this one can take.
        var retryToken = -1
        var retryOffset = 0
        while true {
            if token < tokens.count {
                if tokens[token] == .anyBytes {
                    token += 1
                    if token == tokens.count { return true }
                    retryToken = token
                    retryOffset = offset
                    continue
                }
                let length = Self.length(matching: tokens[token], key, at: offset)
                if length > 0 {
                    token += 1
                    offset += length
                    continue
                }
            } else if offset == key.byteCount {
                return true
            }
            guard retryToken >= 0, retryOffset < key.byteCount else { return false }
            retryOffset += 1
            token = retryToken
            offset = retryOffset
        }
    }

    /// How many bytes at `offset` one token other than a star takes; 0 if it does not match there.
    private static func length(matching token: Token, _ key: borrowing RawSpan, at offset: Int) -> Int {
        guard offset < key.byteCount else { return 0 }
        switch token {
        case .byte(let byte):
            return load(key, offset) == byte ? 1 : 0
        case .anyCharacter:
            return character(key, at: offset).length
        case .set(let ranges, let isNegated):
            let (value, length) = character(key, at: offset)
            return ranges.contains { $0.contains(value) } != isNegated ? length : 0
        case .anyBytes:
            return 0
        }
    }

    /// The Unicode scalar at `offset` and its length; for bytes that begin none, a value above all scalars and 1.
    private static func character(_ key: borrowing RawSpan, at offset: Int) -> (value: UInt32, length: Int) {
        let first = load(key, offset)
        if first < 0x80 { return (UInt32(first), 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        let invalid = (value: 0x11_0000 + UInt32(first), length: 1)
        guard first >= 0xC2, first < 0xF5, offset + length <= key.byteCount else { return invalid }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for next in 1..<length {
            let byte = load(key, offset + next)
            guard byte & 0xC0 == 0x80 else { return invalid }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return (value, length)
    }

    @inline(__always)
    private static func load(_ key: borrowing RawSpan, _ offset: Int) -> UInt8 {
        unsafe key.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}
