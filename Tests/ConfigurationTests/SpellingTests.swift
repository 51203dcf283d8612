import Runtime
import Testing

@Suite("The nearest name")
struct SpellingTests {
    static let names = ["remove", "region", "retry", "older-than", "main", "m"]

    @Test(
        "is offered for a slip, not for another word",
        arguments: [
            ("remvoe", "remove"), ("Remove", "remove"), ("older_than", "older-than"), ("oldr-tan", "older-than"),
            ("retri", "retry"), ("mian", "main"), ("watch", nil), ("x", nil), ("xyz", nil), ("", nil), ("mx", "m"),
            (String(repeating: "a", count: 10_000), nil),
        ] as [(String, String?)])
    func nearest(word: String, expected: String?) {
        #expect(Spelling.nearest(to: word, among: Self.names) == expected)
    }
}
