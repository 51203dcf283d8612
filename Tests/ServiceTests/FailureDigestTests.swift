import Runtime
import Testing

@testable import Service

@Suite("The digest of failures")
struct FailureDigestTests {
    static let second: Int64 = 1_000_000_000
    private var digest = FailureDigest(interval: .seconds(60), capacity: 3)

    private mutating func note(_ kind: String, _ example: String = "x", at seconds: Int64) -> Bool {
        digest.note(kind: kind, example: example, now: seconds * Self.second)
    }

    private mutating func due(at seconds: Int64) -> [FailureDigest.Summary] {
        digest.due(now: seconds * Self.second)
    }

    private func summary(_ kind: String, _ count: Int, _ example: String, _ seconds: Int64) -> FailureDigest.Summary {
        FailureDigest.Summary(kind: kind, count: count, example: example, period: .seconds(seconds))
    }

    @Test("lets the first of a kind through and summarises the rest with count and last example")
    mutating func firstAndRest() {
        #expect(note("a", at: 0))
        #expect(note("b", at: 0))
        #expect(!note("a", "second", at: 1))
        #expect(!note("a", "last", at: 59))
        #expect(due(at: 59) == [])
        #expect(due(at: 60) == [summary("a", 2, "last", 60)])
        #expect(due(at: 61) == [])
    }

    @Test("writes at most one line a kind a minute, however often failures come")
    mutating func rate() {
        var lines: [Int64] = []
        var told = 0
        for time in 0..<Int64(600) {
            for _ in 0..<10 where note("a", at: time) {
                lines.append(time)
                told += 1
            }
            for summary in due(at: time) {
                lines.append(time)
                told += summary.count
            }
        }
        told += digest.rest(now: 600 * Self.second).map(\.count).reduce(0, +)
        #expect(lines == Array(stride(from: 0, to: 600, by: 60)))
        #expect(told == 6000)
    }

    @Test("lets a failure through again after a quiet minute")
    mutating func quiet() {
        #expect(note("a", at: 0))
        #expect(note("a", at: 60))
        #expect(!note("a", "held", at: 61))
        // Nobody asked in time: it stays held back until somebody does.
        #expect(!note("a", "later", at: 200))
        #expect(due(at: 201) == [summary("a", 2, "later", 141)])
        #expect(!note("a", at: 202))
    }

    @Test("counts kinds past its capacity together, and loses none")
    mutating func capacity() {
        for kind in ["a", "b", "c"] { #expect(note(kind, at: 0)) }
        #expect(note("d", at: 1))
        #expect(!note("e", at: 2))
        #expect(!note("f", "last", at: 3))
        #expect(!note("a", at: 3))
        #expect(due(at: 61) == [summary("a", 1, "x", 61), summary(FailureDigest.otherKinds, 2, "last", 60)])
        // What went quiet has made room for one beside a and the others.
        #expect(note("d", at: 62))
        #expect(!note("e", at: 62))
        for kind in 0..<10_000 { _ = note("kind \(kind)", at: 63) }
        #expect(digest.rest(now: 64 * Self.second).map(\.count).reduce(0, +) == 10_001)
    }

    @Test("tells everything held back at the end, once")
    mutating func rest() {
        _ = note("b", at: 0)
        _ = note("a", at: 0)
        _ = note("b", String(repeating: "é", count: 2000), at: 1)
        _ = note("a", "a's", at: 2)
        let rest = digest.rest(now: 3 * Self.second)
        #expect(rest == [summary("a", 1, "a's", 3), summary("b", 1, String(repeating: "é", count: 1000), 3)])
        #expect(digest.rest(now: 3 * Self.second) == [])
    }
}
