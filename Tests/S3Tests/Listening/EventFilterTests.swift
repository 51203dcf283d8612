import ObjectModel
import Testing

@testable import S3

@Suite("Filters of events")
struct EventFilterTests {
    @Test(
        "What the server filters by is the start of the prefix that every server reads alike",
        arguments: [
            ("", ""), ("apks", "apks"), ("a-b_c.d~e", "a-b_c.d~e"), ("apks/", "apks"), ("a b", "a"), ("a*b", "a"),
            ("a?", "a"), ("a\\b", "a"), ("é", ""), ("a+", "a"), ("a%41", "a"), ("*", ""), (".", ""), ("..", ""),
            ("./x", ""), ("../x", ""), ("...", "..."), (".x/", ".x"), ("a/../b", "a"), ("a\u{0}", "a"),
        ] as [(ObjectKey, String)])
    func serverPrefix(_ prefix: ObjectKey, _ sent: String) {
        #expect(EventFilter(bucket: nil, prefix: prefix).serverPrefix == Array(sent.utf8))
    }

    @Test("No more is sent than servers take")
    func longPrefix() {
        let prefix = ObjectKey(bytes: [UInt8](repeating: 0x61, count: 2000))
        #expect(EventFilter(bucket: nil, prefix: prefix).serverPrefix.count == 1024)
    }

    @Test(
        "Of a key's readings those count that lie below the prefix",
        arguments: [
            ("a/b", "a/b", ["a/b"]), ("a/", "a/b", ["a/b"]), ("a/", "a", []), ("a/", "ab", []),
            ("a/", "a%2Fb", ["a/b"]), ("a%2F", "a%2Fb", ["a%2Fb"]), ("a", "a%2Fb", ["a%2Fb", "a/b"]),
            ("a b", "a+b", ["a b"]), ("a+b", "a+b", ["a+b"]), ("a*", "ab", []), ("a*", "a*b", ["a*b"]),
            ("é", "e\u{301}", []), ("", "x", ["x"]),
        ] as [(ObjectKey, String, [ObjectKey])])
    func readings(_ prefix: ObjectKey, _ key: String, _ readings: [ObjectKey]) {
        #expect(EventFilter(bucket: nil, prefix: prefix).candidateKeys(for: Array(key.utf8)) == readings)
    }

    @Test("A bucket is that one, or any")
    func buckets() {
        #expect(EventFilter(bucket: "a", prefix: "").admits(bucket: Array("a".utf8)))
        #expect(!EventFilter(bucket: "a", prefix: "").admits(bucket: Array("ab".utf8)))
        #expect(EventFilter(bucket: nil, prefix: "").admits(bucket: Array("ab".utf8)))
    }
}
