import Testing

@testable import MirrorEngine

@Suite("The guard against deletions")
struct DeletionGuardTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let deletions: Int
        let target: Int
        let source: Int
        var deletionGuard = DeletionGuard()
        let isRefused: Bool

        init(
            _ description: String, _ deletions: Int, of target: Int, source: Int, refused: Bool,
            _ limit: DeletionGuard.Limit = .percent(50), allowsEmptySource: Bool = false
        ) {
            testDescription = description
            self.deletions = deletions
            self.target = target
            self.source = source
            isRefused = refused
            deletionGuard.limit = limit
            deletionGuard.allowsEmptySource = allowsEmptySource
        }
    }

    static let table = [
        Row("nothing to delete", 0, of: 0, source: 0, refused: false),
        Row("nothing to delete, whatever the limit", 0, of: 5, source: 5, refused: false, .count(0)),
        Row("all of a few", 100, of: 100, source: 1, refused: false),
        Row("more than a few and more than half", 101, of: 200, source: 99, refused: true),
        Row("exactly half", 101, of: 202, source: 101, refused: false),
        Row("just over half", 102, of: 203, source: 101, refused: true),
        Row("an empty source", 1, of: 1, source: 0, refused: true),
        Row("an empty source and many", 500, of: 500, source: 0, refused: true),
        Row("an empty source that is meant", 1, of: 1, source: 0, refused: false, allowsEmptySource: true),
        Row("an empty source that is meant, many", 500, of: 500, source: 0, refused: true, allowsEmptySource: true),
        Row("a count that is kept to", 5, of: 10, source: 5, refused: false, .count(5)),
        Row("a count that is passed", 6, of: 10, source: 5, refused: true, .count(5)),
        Row("a count of none", 1, of: 10, source: 9, refused: true, .count(0)),
        Row("everything", 500, of: 500, source: 1, refused: false, .percent(100)),
        Row("a small percentage", 101, of: 10_000, source: 9899, refused: true, .percent(1)),
        Row("a small percentage that is kept to", 101, of: 10_100, source: 9999, refused: false, .percent(1)),
        Row("a percentage of none, few", 100, of: 10_000, source: 9900, refused: false, .percent(0)),
        Row("a percentage of none, many", 101, of: 10_000, source: 9899, refused: true, .percent(0)),
    ]

    @Test("Too many deletions are refused", arguments: table)
    func rows(_ row: Row) {
        let objection = row.deletionGuard.objection(
            deletions: row.deletions, targetObjects: row.target, sourceObjects: row.source)
        #expect((objection != nil) == row.isRefused, "\(objection?.description ?? "no objection")")
    }

    @Test("An objection says what to do about it")
    func words() throws {
        let bySource = try #require(DeletionGuard().objection(deletions: 3, targetObjects: 3, sourceObjects: 0))
            .description
        #expect(bySource.contains("that an empty source is meant"))
        let byShare = try #require(DeletionGuard().objection(deletions: 200, targetObjects: 300, sourceObjects: 9))
            .description
        #expect(byShare.contains("200") && byShare.contains("300") && byShare.contains("the limit of deletions 50%"))
        var counted = DeletionGuard()
        counted.limit = .count(7)
        let byCount = try #require(counted.objection(deletions: 8, targetObjects: 300, sourceObjects: 9)).description
        #expect(byCount.contains("the limit of deletions 7"))
    }
}
