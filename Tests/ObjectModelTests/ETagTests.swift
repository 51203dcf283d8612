import ObjectModel
import Testing

@Suite("ETags")
struct ETagTests {
    private static let plain = "9e107d9d372bb6826bd81d3542a419d6"
    private static let digest = MD5Digest(high: 0x9e10_7d9d_372b_b682, low: 0x6bd8_1d35_42a4_19d6)

    @Test(
        "An ETag is an MD5, a composite, or nothing that says anything about bytes",
        arguments: [
            (plain, .md5(digest)),
            ("\"\(plain)\"", .md5(digest)),
            (" \"\(plain)\" ", .md5(digest)),
            (plain.uppercased(), .md5(digest)),
            ("\"\(plain)-1\"", .composite(digest, parts: 1)),
            ("\(plain)-10000", .composite(digest, parts: 10_000)),
            ("\(plain)-0", .opaque("\(plain)-0")),
            ("\(plain)-10001", .opaque("\(plain)-10001")),
            ("\(plain)-", .opaque("\(plain)-")),
            ("\(plain)-1a", .opaque("\(plain)-1a")),
            // What does not come out as it went in would never match an If-Match.
            ("\(plain)-+5", .opaque("\(plain)-+5")),
            ("\(plain)-05", .opaque("\(plain)-05")),
            ("\(plain)-123456", .opaque("\(plain)-123456")),
            ("\(plain)0", .opaque("\(plain)0")),
            (String(plain.dropLast()), .opaque(String(plain.dropLast()))),
            (plain.replacing("9e", with: "9g"), .opaque(plain.replacing("9e", with: "9g"))),
            ("00000000-1111-2222-3333-444444444444", .opaque("00000000-1111-2222-3333-444444444444")),
            ("\"\"", .absent),
            ("", .absent),
        ] as [(String, ETag)])
    func parsing(_ text: String, _ etag: ETag) {
        #expect(ETag(text) == etag)
        #expect(ETag(utf8: Array(text.utf8)) == etag)
    }

    @Test("A weak ETag promises nothing about bytes, and goes back with its own quotes", arguments: [plain, "x", ""])
    func weak(_ text: String) {
        let weak = "W/\"\(text)\""
        #expect(ETag(weak) == .opaque(weak))
        #expect(ETag(" \(weak) ").fieldValue == weak)
        #expect(ETag(ETag(weak).text) == ETag(weak))
    }

    @Test(
        "What is parsed prints as it came, without quotes, and goes back between them",
        arguments: [
            plain, "\(plain)-17", plain.uppercased(), "\(plain.uppercased())-17", "9E107d9d372bb6826bd81d3542a419D6",
            "0-1", "abc", "ABC", "W/x", "",
        ])
    func printing(_ text: String) {
        #expect(ETag("\"\(text)\"").text == text)
        #expect(ETag(text).fieldValue == "\"\(text)\"")
        #expect(ETag(ETag(text).text) == ETag(text))
    }

    @Test("Capitals make no other digest")
    func capitals() {
        let written = ETag(Self.plain.uppercased())
        #expect(written == ETag(Self.plain))
        #expect(Set([written, ETag(Self.plain), .md5(Self.digest)]).count == 1)
        #expect(ETag("\(Self.plain.uppercased())-3") == .composite(Self.digest, parts: 3))
    }

    @Test("Two MD5s can be compared, two composites of as many parts, and nothing else")
    func comparability() {
        let other = MD5Digest(high: 1, low: 2)
        let kinds: [ETag] = [
            .md5(Self.digest), .composite(Self.digest, parts: 2), .composite(Self.digest, parts: 3), .opaque("x"),
            .absent,
        ]
        for (row, left) in kinds.enumerated() {
            for (column, right) in kinds.enumerated() {
                #expect(
                    left.isComparable(with: right) == (row == column && row < 3),
                    "\(left) and \(right)")
            }
        }
        #expect(ETag.md5(Self.digest).isComparable(with: .md5(other)))
    }

    @Test("Only no ETag at all is absent")
    func absence() {
        #expect(ETag("").isAbsent)
        #expect(!ETag("x").isAbsent)
        #expect(!ETag(Self.plain).isAbsent)
    }
}

@Suite("MD5 digests")
struct MD5DigestTests {
    /// RFC 1321's digest of "abc".
    private static let text = "900150983cd24fb0d6963f7d28e17f72"
    private static let bytes: [UInt8] = [
        0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72,
    ]

    @Test("Digits and bytes are two forms of one digest")
    func forms() throws {
        let digest = try #require(MD5Digest(bytes: Self.bytes))
        #expect(digest.hexadecimal == Self.text)
        #expect(MD5Digest(hexadecimal: Array(Self.text.utf8)) == digest)
        #expect(digest.bytes == Self.bytes)
        #expect(digest.base64 == "kAFQmDzST7DWlj99KOF/cg==")
    }

    @Test("Too few or too many bytes or digits are no digest", arguments: [0, 15, 17, 32])
    func lengths(_ count: Int) {
        #expect(MD5Digest(bytes: Array(repeating: 0, count: count)) == nil)
        #expect(MD5Digest(hexadecimal: Array(repeating: 0x30, count: 2 * count + 1)) == nil)
    }

    @Test("What is no hexadecimal digit is refused at every place", arguments: 0..<32)
    func digits(_ place: Int) {
        for wrong in [UInt8(ascii: "g"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"), 0xC3] {
            var digits = Array(Self.text.utf8)
            digits[place] = wrong
            #expect(MD5Digest(hexadecimal: digits) == nil)
        }
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test(
        "RFC 4648's examples come out",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func examples(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }

    @Test("Every digit of the alphabet is used")
    func alphabet() {
        let encoded = Base64.encode([
            0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x92, 0x8b, 0x30, 0xd3, 0x8f, 0x41, 0x14, 0x93, 0x51, 0x55, 0x97,
            0x61, 0x96, 0x9b, 0x71, 0xd7, 0x9f, 0x82, 0x18, 0xa3, 0x92, 0x59, 0xa7, 0xa2, 0x9a, 0xab, 0xb2, 0xdb, 0xaf,
            0xc3, 0x1c, 0xb3, 0xd3, 0x5d, 0xb7, 0xe3, 0x9e, 0xbb, 0xf3, 0xdf, 0xbf,
        ])
        #expect(encoded == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    }
}
