import ObjectModel
import Runtime
import Testing

@Suite("Orders of keys")
struct KeyOrderTests {
    /// The same letter, composed and decomposed: one `String`, two keys.
    private static let composed = ObjectKey(bytes: [0xC3, 0xA9])
    private static let decomposed = ObjectKey(bytes: [0x65, 0xCC, 0x81])

    @Test("The two forms of é are two keys although they are one string", arguments: KeyOrder.allCases)
    func twins(_ order: KeyOrder) {
        #expect(Self.composed.description == Self.decomposed.description)
        #expect(Self.composed != Self.decomposed)
        #expect(order.precedes(Self.decomposed, Self.composed))
        #expect(!order.precedes(Self.composed, Self.decomposed))
        #expect(Set([Self.composed, Self.decomposed]).count == 2)
    }

    @Test(
        "A list in the order of bytes",
        arguments: [
            ["", "\u{1}", "!", "a", "a!", "a-b", "a.", "a/", "a/b", "a0", "aa", "b", "z", "~", "é", "€", "\u{10FFFF}"]
        ])
    func bytes(_ keys: [String]) {
        expectAscending(keys.map { ObjectKey($0) }, in: .bytes)
    }

    @Test(
        "A list in the order of a walk through folders",
        arguments: [
            ["", "/", "/b", "a", "a/", "a//", "a/b", "a/b/c", "a/b!", "a\u{1}", "a!", "a-b", "a.", "a0", "b/a", "b!"]
        ])
    func path(_ keys: [String]) {
        expectAscending(keys.map { ObjectKey($0) }, in: .path)
    }

    private func expectAscending(_ keys: [ObjectKey], in order: KeyOrder) {
        for (i, left) in keys.enumerated() {
            for (j, right) in keys.enumerated() {
                #expect(order.precedes(left, right) == (i < j), "\(left) and \(right)")
            }
        }
    }

    @Test("Bytes above 0x7F are unsigned")
    func unsigned() {
        #expect(KeyOrder.bytes.precedes(ObjectKey(bytes: [0x7F]), ObjectKey(bytes: [0x80])))
        #expect(KeyOrder.path.precedes(ObjectKey(bytes: [0x7F]), ObjectKey(bytes: [0xFF])))
    }

    @Test(
        "Both are total orders on random keys, and the one of bytes is that of the keys",
        arguments: 1...5 as ClosedRange<UInt64>)
    func random(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [0x00, 0x21, 0x2E, 0x2F, 0x30, 0x61, 0x62, 0xC3, 0xFF]
        let keys = (0..<60).map { _ in
            ObjectKey(
                bytes: (0..<Int.random(in: 0...4, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
        }
        for order in KeyOrder.allCases {
            let sorted = keys.sorted { order.precedes($0, $1) }
            for (i, left) in sorted.enumerated() {
                for right in sorted[i...] {
                    #expect(!order.precedes(right, left), "seed \(seed), \(order): \(right.bytes) before \(left.bytes)")
                    #expect(left == right || order.precedes(left, right), "seed \(seed), \(order)")
                }
            }
        }
        #expect(keys.sorted() == keys.sorted { KeyOrder.bytes.precedes($0, $1) })
    }
}

@Suite("Keys")
struct ObjectKeyTests {
    @Test("A prefix is one of bytes, not of characters")
    func prefixes() {
        let decomposed = ObjectKey(bytes: [0x65, 0xCC, 0x81])
        #expect(decomposed.hasPrefix("e"))
        #expect(!ObjectKey("é").hasPrefix("e"))
        #expect(ObjectKey("a").hasPrefix(""))
        #expect(!ObjectKey("a").hasPrefix("ab"))
        #expect(decomposed.droppingFirst(1).bytes == [0xCC, 0x81])
        #expect(ObjectKey("b").prefixed(by: "a/") == "a/b")
        #expect(ObjectKey("a/b").droppingFirst(2).prefixed(by: "a/") == "a/b")
    }
}

@Suite("A key as text")
struct KeyTextTests {
    @Test(
        "is told in hexadecimal only where it is not UTF-8",
        arguments: [
            ([0xFF], "ff"), ([0x61, 0xC3], "61c3"), ([0x00, 0xED, 0xA0, 0x80], "00eda080"), ([0xC0, 0xAF], "c0af"),
            ([], nil), (Array("a/é\u{FFFD}\u{1F600}".utf8), nil), ([0x00], nil),
        ] as [([UInt8], String?)])
    func hexadecimal(bytes: [UInt8], expected: String?) {
        #expect(ObjectKey(bytes: bytes).hexadecimalIfNotUTF8 == expected)
    }
}
