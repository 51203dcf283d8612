import Listings
import ObjectModel
import Testing

@Suite("A glob")
struct GlobTests {
    private func matches(_ pattern: String, _ key: ObjectKey) throws -> Bool {
        let glob = try Glob(pattern)
        return Self.matches(glob, key.bytes)
    }

    private static func matches(_ glob: Glob, _ key: [UInt8]) -> Bool {
        unsafe glob.matches(key.span.bytes)
    }

    @Test(
        "matches whole keys by bytes",
        arguments: [
            ("", "", true), ("", "a", false), ("a", "a", true), ("a", "ab", false), ("a", "ba", false),
            ("A", "a", false),
            ("*", "", true), ("*", "a/b/c", true), ("a*", "a", true), ("a*", "ba", false), ("*a", "aaa", true),
            ("*.apk", "x/y.apk", true), ("*.apk", "x.apk.idsig", false), ("x/*", "x/", true), ("x/*", "xy", false),
            ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false), ("**a**", "xay", true), ("*ab*", "aab", true),
            ("?", "a", true), ("?", "/", true), ("?", "", false), ("?", "ab", false), ("?", "\u{e9}", true),
            ("?", "e\u{301}", false), ("??", "e\u{301}", true), ("?", "\u{1F600}", true), ("??", "\u{e9}", false),
            ("*??", "\u{e9}", false), ("*?", "\u{e9}", true), ("\u{e9}", "e\u{301}", false),
            ("*\u{e9}", "a\u{e9}", true),
            ("[abc]", "b", true), ("[abc]", "d", false), ("[a-c]x", "bx", true), ("[!a-c]", "d", true),
            ("[^a-c]", "a", false),
            ("[!a]", "", false), ("[]a]", "]", true), ("[!]a]", "b", true), ("[-a]", "-", true), ("[a-]", "-", true),
            ("[*]", "*", true), ("[*]", "a", false), ("[?]", "?", true), ("[[]", "[", true),
            ("[\u{e0}-\u{ff}]", "\u{e9}", true),
            ("a]", "a]", true), ("a\\b", "a\\b", true), ("\\*", "\\anything", true), ("a\nb", "a\nb", true),
            ("[a-z]*[0-9]", "abc/7", true), ("[a-z]*[0-9]", "abc/x", false), ("/x", "/x", true), ("/x", "x", false),
        ] as [(String, String, Bool)])
    func matching(pattern: String, key: String, expected: Bool) throws {
        #expect(try matches(pattern, ObjectKey(key)) == expected)
    }

    @Test("takes bytes that are not UTF-8 one at a time")
    func notUTF8() throws {
        for bytes in [[0xFF], [0xC3], [0x80], [0xF5]] as [[UInt8]] {
            #expect(try matches("?", ObjectKey(bytes: bytes)))
            #expect(try matches("[!a]", ObjectKey(bytes: bytes)))
            #expect(try !matches("[a-\u{10FFFF}]", ObjectKey(bytes: bytes)))
        }
        #expect(try matches("??", ObjectKey(bytes: [0xC3, 0x41])))
    }

    @Test(
        "is refused when a set is not closed or a range is backwards",
        arguments: ["[a", "[", "[]", "[!", "[!]", "[z-a]"])
    func malformed(pattern: String) throws {
        let error = try #require(#expect(throws: Glob.Malformed.self) { try Glob(pattern) })
        #expect(error.description.contains("\"\(pattern)\""))
    }

    @Test("agrees with a plain recursive matcher on every short pattern and key")
    func exhaustive() throws {
        let letters = Array("ab*?".utf8)
        for number in 0..<1365 {
            let pattern = Self.word(number, letters)
            let glob = try Glob(String(decoding: pattern, as: UTF8.self))
            for other in 0..<127 {
                let key = Self.word(other, Array("ab".utf8))
                #expect(
                    Self.matches(glob, key) == Self.reference(pattern[...], key[...]), "\(glob.pattern) \(key)")
            }
        }
    }

    @Test("takes steps in proportion to pattern and key, not exponential")
    func linear() throws {
        let glob = try Glob(String(repeating: "*a", count: 500) + "*b")
        let key = [UInt8](repeating: UInt8(ascii: "a"), count: 2000)
        #expect(!Self.matches(glob, key))
    }

    /// All words over `letters`, shortest first.
    private static func word(_ number: Int, _ letters: [UInt8]) -> [UInt8] {
        var rest = number
        var word: [UInt8] = []
        while rest > 0 {
            rest -= 1
            word.append(letters[rest % letters.count])
            rest /= letters.count
        }
        return word
    }

    private static func reference(_ pattern: ArraySlice<UInt8>, _ key: ArraySlice<UInt8>) -> Bool {
        switch pattern.first {
        case nil: key.isEmpty
        case UInt8(ascii: "*"):
            reference(pattern.dropFirst(), key) || !key.isEmpty && reference(pattern, key.dropFirst())
        case UInt8(ascii: "?"): !key.isEmpty && reference(pattern.dropFirst(), key.dropFirst())
        case let byte: key.first == byte && reference(pattern.dropFirst(), key.dropFirst())
        }
    }
}

@Suite("A filter")
struct FilterTests {
    /// Rules from `+pattern` and `-pattern`.
    private func filter(_ rules: [String]) throws -> Filter {
        Filter(
            rules: try rules.map { rule in
                let glob = try Glob(String(rule.dropFirst()))
                return rule.hasPrefix("+") ? .include(glob) : .exclude(glob)
            })
    }

    @Test(
        "lets the first rule that matches decide, and treats the rest opposite to the last rule",
        arguments: [
            ([], ["a", "b.apk", "tmp/x.apk"], []),
            (["-tmp/*"], ["a", "b.apk"], ["tmp/x.apk"]),
            (["+*.apk"], ["b.apk", "tmp/x.apk"], ["a", "b.apk2"]),
            (["+tmp/keep*", "-tmp/*"], ["tmp/keep1", "a"], ["tmp/other"]),
            (["-tmp/*", "+*.apk"], ["b.apk"], ["tmp/x.apk", "a"]),
            (["+*.apk", "-tmp/*"], ["b.apk", "tmp/x.apk", "a"], ["tmp/a"]),
            (["+a", "+b"], ["a", "b"], ["c", "ab"]),
            (["-*"], [], ["", "a", "a/b"]),
            (["-*", "+a"], [], ["a", "b"]),
        ] as [([String], [String], [String])])
    func names(rules: [String], included: [String], excluded: [String]) throws {
        let filter = try filter(rules)
        for key in included { #expect(filter.includes(ObjectKey(key)), "\(key)") }
        for key in excluded { #expect(!filter.includes(ObjectKey(key)), "\(key)") }
    }

    @Test("looks at the key behind the prefix")
    func prefix() throws {
        let filter = try filter(["-a*"])
        #expect(filter.includes("apks/b", prefixLength: 5))
        #expect(!filter.includes("apks/a", prefixLength: 5))
        #expect(filter.includes("a", prefixLength: 1))
    }

    @Test("splits objects by age exactly in two")
    func age() throws {
        let now = Timestamp(seconds: 1_000_000_000)
        for limit in ["7d", "12h30m", "1w", "250ms", "2001-09-01T00:00:00Z"] {
            let limit = try #require(AgeLimit(limit))
            let older = Filter(olderThan: limit)
            let newer = Filter(newerThan: limit)
            let edge = limit.moment(now: now).milliseconds
            for (moment, isOlder) in [(edge - 1, true), (edge, false), (edge + 1, false)] {
                let moment = Timestamp(milliseconds: moment)
                #expect(older.includes(lastModified: moment, storageClass: nil, now: now) == isOlder)
                #expect(newer.includes(lastModified: moment, storageClass: nil, now: now) == !isOlder)
            }
        }
    }

    @Test(
        "knows lengths of time and dates",
        arguments: [
            ("7d", .ago(milliseconds: 604_800_000)), ("1w", .ago(milliseconds: 604_800_000)),
            ("12h30m", .ago(milliseconds: 45_000_000)), ("1w2d3h4m5s6ms", .ago(milliseconds: 788_645_006)),
            ("0s", .ago(milliseconds: 0)),
            ("1970-01-01T00:00:01Z", .moment(Timestamp(seconds: 1))),
            ("1970-01-01t00:00:01.5z", nil), ("1970-01-01T00:00:01.5z", .moment(Timestamp(milliseconds: 1500))),
            ("1970-01-01T02:00:00+02:00", .moment(Timestamp(seconds: 0))),
            ("1969-12-31T23:30:00.25-00:30", .moment(Timestamp(milliseconds: 250))),
            ("1970-01-02", .moment(Timestamp(seconds: 86_400))),
            ("", nil), ("7", nil), ("d", nil), ("-7d", nil), ("7d ", nil), ("30m12h", nil), ("1d1d", nil),
            ("1.5d", nil),
            ("99999999999w", nil), ("1970-13-01", nil), ("1970-01-01T00:00:00", nil), ("1970-01-01T00:00:00+2:00", nil),
            ("1970-01-01T00:00:00+25:00", nil), ("yesterday", nil),
        ] as [(String, AgeLimit?)])
    func limits(text: String, expected: AgeLimit?) {
        #expect(AgeLimit(text) == expected)
    }

    @Test("knows storage classes in any case, and a missing one as STANDARD")
    func storageClasses() {
        let moment = Timestamp(seconds: 0)
        let filter = Filter(storageClasses: ["standard", "STANDARD_IA"])
        for (name, expected) in [
            (nil, true), ("", true), ("STANDARD", true), ("standard_ia", true), ("GLACIER", false),
        ] {
            #expect(filter.includes(lastModified: moment, storageClass: name, now: moment) == expected)
        }
        #expect(Filter.everything.includes(lastModified: moment, storageClass: "GLACIER", now: moment))
        #expect(Filter.everything.ignoresAttributes)
        #expect(!filter.ignoresAttributes)
    }

    @Test("leaves the name in scope when only the source's age or class puts an object out")
    func attributesAreNotNames() throws {
        let filter = Filter(olderThan: AgeLimit("7d"), storageClasses: ["STANDARD"])
        #expect(filter.includes("young.apk"))
    }
}
