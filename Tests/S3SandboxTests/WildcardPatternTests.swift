import Testing

@testable import S3Sandbox

@Suite("Patterns of keys")
struct WildcardPatternTests {
    @Test(
        "A pattern matches what it says",
        arguments: [
            ("", "", true), ("", "a", false), ("a", "a", true), ("a", "ab", false), ("*", "", true),
            ("*", "a/b", true), ("a*", "a", true), ("*.apk", "x/y.apk", true), ("*.apk", "x.apk.sig", false),
            ("a?c", "abc", true), ("a?c", "ac", false), ("a*b*c", "a--b--b-c", true), ("a*b*c", "a--c", false),
            ("**", "x", true), ("a**b", "ab", true),
        ])
    func matching(pattern: String, key: String, isMatch: Bool) {
        #expect(WildcardPattern(pattern).matches(Array(key.utf8)) == isMatch)
    }
}
