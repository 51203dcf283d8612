import Runtime
import Testing

@testable import MirrorEngine

@Suite("The rolling guard on deletions")
struct DeletionWindowTests {
    private static let second: Int64 = 1_000_000_000

    private func window(_ limit: DeletionGuard.Limit, floor: Int = 100) -> DeletionWindow {
        var deletionGuard = DeletionGuard()
        deletionGuard.limit = limit
        deletionGuard.floor = floor
        return DeletionWindow(length: .seconds(600), limit: deletionGuard)
    }

    @Test("A number counts all deletions of the last ten minutes")
    func count() {
        var window = window(.count(10))
        #expect(window.objection(adding: 10, targetObjects: 1000, now: 0) == nil)
        window.add(10, now: 0)
        let objection = window.objection(adding: 1, targetObjects: 990, now: Self.second)
        #expect(objection?.contains("11 deletions within 10 minutes") == true, "\(objection ?? "")")
        #expect(objection?.contains("--max-delete 10") == true)
        #expect(window.objection(adding: 1, targetObjects: 990, now: 599 * Self.second) != nil)
        #expect(window.objection(adding: 1, targetObjects: 990, now: 602 * Self.second) == nil)
        #expect(window.total == 0)
    }

    @Test(
        "A percentage is of what was there before, and counts past the floor",
        arguments: [
            // Deleted before, due now, left at present, whether it is too much.
            (0, 100, 100, false), (0, 101, 202, false), (0, 101, 201, true), (60, 40, 40, false), (60, 41, 140, true),
            (60, 41, 142, false), (500, 1, 501, false), (500, 1, 499, true),
        ])
    func percent(before: Int, due: Int, left: Int, isTooMuch: Bool) {
        var window = window(.percent(50))
        window.add(before, now: 0)
        let objection = window.objection(adding: due, targetObjects: left, now: 1)
        #expect((objection != nil) == isTooMuch, "\(objection ?? "none")")
        if let objection { #expect(objection.contains("--max-delete 50%") && objection.contains("\(left) objects")) }
    }

    @Test("A percentage that a user gave has no floor")
    func noFloor() {
        var window = window(.percent(10), floor: 0)
        #expect(window.objection(adding: 1, targetObjects: 10, now: 0) == nil)
        #expect(window.objection(adding: 2, targetObjects: 10, now: 0) != nil)
    }

    @Test("Many small groups add up, and old ones are forgotten one second at a time")
    func rolling() {
        var window = window(.count(600))
        for second in 0..<1200 as Range<Int64> {
            let now = second * Self.second
            #expect(window.objection(adding: 1, targetObjects: 5000, now: now) == nil, "second \(second)")
            window.add(1, now: now)
            #expect(window.total <= 601)
        }
        #expect(window.objection(adding: 3, targetObjects: 5000, now: 1200 * Self.second) != nil)
    }

    @Test("A reset forgets what was counted")
    func reset() {
        var window = window(.count(1))
        window.add(1, now: 0)
        #expect(window.objection(adding: 1, targetObjects: 9, now: 0) != nil)
        window.reset()
        #expect(window.total == 0)
        #expect(window.objection(adding: 1, targetObjects: 9, now: 0) == nil)
    }
}
