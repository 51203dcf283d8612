/// What a server says about an object's bytes, parsed into what it means.
///
/// Source: the S3 API reference. A single PUT without KMS has the MD5 of its bytes; a multipart upload has the MD5 of
/// its parts' MD5s and the number of parts; anything else is the server's own business.
public enum ETag: Hashable, Sendable {
    /// The MD5 of the bytes.
    case md5(MD5Digest)
    /// The MD5 of the concatenated MD5s of the parts, and how many there were (1 to 10,000).
    case composite(MD5Digest, parts: Int)
    /// Neither; the text as it came, without quotes, but for those of a weak tag. Empty where the server gave none.
    case opaque(String)

    /// Parses the header's or the listing's text, with or without quotes, in either case of hexadecimal digits.
    /// Weak tags (`W/"…"`) are opaque: they promise nothing about bytes.
    ///
    /// Digits in capitals and in small letters are the same digest, and are remembered as they came.
    public init(_ text: some StringProtocol) {
        self.init(utf8: Array(text.utf8))
    }

    /// As `init(_:)`, from UTF-8 bytes.
    public init(utf8 text: [UInt8]) {
        var bytes = text[...]
        while bytes.first == 0x20 { bytes.removeFirst() }
        while bytes.last == 0x20 { bytes.removeLast() }
        if bytes.starts(with: Self.weak) {
            self = .opaque(String(decoding: bytes, as: UTF8.self))
            return
        }
        while let first = bytes.first, first == 0x20 || first == 0x22 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x22 { bytes.removeLast() }
        guard bytes.count >= 32, let digest = MD5Digest(hexadecimal: bytes.prefix(32)) else {
            self = .opaque(String(decoding: bytes, as: UTF8.self))
            return
        }
        let rest = bytes.dropFirst(32)
        if rest.isEmpty {
            self = .md5(digest)
        } else if rest.first == UInt8(ascii: "-"), (2...6).contains(rest.count),
            let parts = Self.parts(rest.dropFirst())
        {
            self = .composite(digest, parts: parts)
        } else {
            self = .opaque(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// A number of parts as servers write it. `+5` and `05` are none: printed as 5 they would match no object again.
    private static func parts(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.first != 0x30, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let parts = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return parts <= 10_000 ? parts : nil
    }

    /// No ETag at all, as some gateways answer.
    public static let absent = ETag.opaque("")

    public var isAbsent: Bool { self == .absent }

    /// Whether it is a digest of the bytes, or of those of the parts.
    public var isDigest: Bool {
        if case .opaque = self { false } else { true }
    }

    /// The text as it came, without quotes; of a weak tag with them.
    public var text: String {
        switch self {
        case .md5(let digest): digest.text
        case .composite(let digest, let parts): "\(digest.text)-\(parts)"
        case .opaque(let text): text
        }
    }

    /// As it goes into `If-Match`, which is as it came in the header `ETag`: between quotes, a weak tag as it is.
    public var fieldValue: String {
        let text = text
        return text.utf8.starts(with: Self.weak) ? text : "\"\(text)\""
    }

    /// How a weak tag begins, by RFC 9110, section 8.8.3.
    private static let weak: [UInt8] = [0x57, 0x2F, 0x22]

    /// Whether equality of this and `other` says something about the bytes: two MD5s, or two composites with the same
    /// number of parts. A composite may still differ for equal bytes when the parts' sizes differ.
    public func isComparable(with other: ETag) -> Bool {
        switch (self, other) {
        case (.md5, .md5): true
        case (.composite(_, let a), .composite(_, let b)): a == b
        default: false
        }
    }
}

extension ETag: CustomStringConvertible {
    public var description: String { text }
}

/// Sixteen bytes of an MD5.
public struct MD5Digest: Sendable {
    /// The first and the last eight bytes, big-endian.
    public let high: UInt64
    public let low: UInt64
    /// Which of the digits that it was read from were capital letters, the first of the 32 in the highest bit. How it was
    /// written, no part of what it is: digests are equal without regard to it.
    public let capitals: UInt32

    @inlinable
    public init(high: UInt64, low: UInt64, capitals: UInt32 = 0) {
        self.high = high
        self.low = low
        self.capitals = capitals
    }

    /// From exactly 16 bytes; nil otherwise.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
        capitals = 0
    }

    /// From exactly 32 hexadecimal digits in either case; nil otherwise.
    public init?(hexadecimal: some Collection<UInt8>) {
        guard hexadecimal.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var capitals: UInt32 = 0
        for digit in hexadecimal {
            guard let value = Self.nibble(digit) else { return nil }
            words = (words.0 << 4 | words.1 >> 60, words.1 << 4 | value)
            capitals = capitals << 1 | ((0x41...0x46).contains(digit) ? 1 : 0)
        }
        high = words.0
        low = words.1
        self.capitals = capitals
    }

    /// The value of one hexadecimal digit, or nil.
    @inlinable
    static func nibble(_ digit: UInt8) -> UInt64? {
        switch digit {
        case 0x30...0x39: UInt64(digit - 0x30)
        case 0x61...0x66: UInt64(digit - 0x61 + 10)
        case 0x41...0x46: UInt64(digit - 0x41 + 10)
        default: nil
        }
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// 32 lower-case digits.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// 32 digits as they were read, lower-case where it was not read from digits.
    public var text: String {
        if capitals == 0 { return hexadecimal }
        let digits = hexadecimal.utf8.enumerated().map { index, digit in
            capitals << UInt32(index) & 0x8000_0000 == 0 ? digit : digit - 0x20
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The form that `Content-MD5` wants.
    public var base64: String { Base64.encode(bytes) }
}

extension MD5Digest: Hashable {
    @inlinable
    public static func == (left: MD5Digest, right: MD5Digest) -> Bool {
        left.high == right.high && left.low == right.low
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }
}
