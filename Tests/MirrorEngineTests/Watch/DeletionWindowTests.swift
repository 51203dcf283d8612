import Runtime
import Testing

@testable import MirrorEngine

@Suite("The rolling guard on deletions")
struct DeletionWindowTests {
    /// A window with which a test can ask in an expectation.
    private final class Window {
        private var window: DeletionWindow

        init(_ window: DeletionWindow) { self.window = window }

        var deleted: Int { window.deleted }
        @discardableResult
        func add(_ count: Int, created: Int, now: Int64) -> Int64 { window.add(count, created: created, now: now) }
        func takeBack(_ count: Int, of second: Int64) { window.takeBack(count, of: second) }
        func sample(created: Int, now: Int64) { window.sample(created: created, now: now) }
        func reset(created: Int, now: Int64) { window.reset(created: created, now: now) }
        func objection(adding count: Int, targetObjects: Int, created: Int, now: Int64) -> String? {
            window.objection(adding: count, targetObjects: targetObjects, created: created, now: now)?.description
        }
    }

    private static let second: Int64 = 1_000_000_000

    private func window(_ limit: DeletionGuard.Limit, floor: Int = 100) -> Window {
        var deletionGuard = DeletionGuard()
        deletionGuard.limit = limit
        deletionGuard.floor = floor
        return Window(DeletionWindow(length: .seconds(600), limit: deletionGuard, now: 0))
    }

    @Test("A number counts all deletions of the last ten minutes, whatever is created meanwhile")
    func count() {
        let window = window(.count(10))
        #expect(window.objection(adding: 10, targetObjects: 1000, created: 0, now: 0) == nil)
        window.add(10, created: 0, now: 0)
        let objection = window.objection(adding: 1, targetObjects: 990, created: 500, now: Self.second)
        #expect(objection?.contains("11 deletions within 10 minutes") == true, "\(objection ?? "")")
        #expect(objection?.contains("the limit of deletions 10") == true)
        #expect(window.objection(adding: 1, targetObjects: 990, created: 500, now: 599 * Self.second) != nil)
        #expect(window.objection(adding: 1, targetObjects: 990, created: 500, now: 602 * Self.second) == nil)
        #expect(window.deleted == 0)
    }

    @Test("What was refused is taken from the second in which it was counted, or from none that is left")
    func takenBack() {
        let window = window(.count(10))
        let refused = window.add(10, created: 0, now: 0)
        window.sample(created: 0, now: 60 * Self.second)
        window.takeBack(10, of: refused)
        #expect(window.deleted == 0)
        window.add(10, created: 0, now: 62 * Self.second)
        window.takeBack(10, of: refused)
        #expect(window.deleted == 10)
        // The second of those that were refused goes over the edge: nothing goes with it.
        #expect(window.objection(adding: 1, targetObjects: 990, created: 0, now: 601 * Self.second) != nil)
        #expect(window.objection(adding: 1, targetObjects: 990, created: 0, now: 664 * Self.second) == nil)
    }

    @Test(
        "A percentage is of what was there before, and counts past the floor",
        arguments: [
            // Deleted before, due now, left at present, whether it is too much.
            (0, 100, 100, false), (0, 101, 202, false), (0, 101, 201, true), (60, 40, 40, false), (60, 41, 140, true),
            (60, 41, 142, false), (500, 1, 502, false), (500, 1, 501, true), (500, 1, 499, true),
        ])
    func percent(before: Int, due: Int, left: Int, isTooMuch: Bool) {
        let window = window(.percent(50))
        window.add(before, created: 0, now: 0)
        let objection = window.objection(adding: due, targetObjects: left, created: 0, now: 1)
        #expect((objection != nil) == isTooMuch, "\(objection ?? "none")")
        if let objection {
            #expect(objection.contains("the limit of deletions 50%") && objection.contains("\(left) are left"))
        }
    }

    @Test("What is created in the same minutes is set off: objects that come and go are no loss")
    func comeAndGo() {
        let window = window(.percent(10))
        for minute in 0..<60 as Range<Int64> {
            let now = minute * 60 * Self.second
            let created = Int(minute + 1) * 500
            #expect(window.objection(adding: 500, targetObjects: 1500, created: created, now: now) == nil)
            window.add(500, created: created, now: now)
        }
        // Without new objects the same number is a loss.
        let last = 60 * 60 * Self.second
        #expect(window.objection(adding: 500, targetObjects: 1000, created: 30_000, now: last) != nil)
    }

    @Test("What was created before the window counts no more, and sets nothing off")
    func createdLongAgo() {
        let window = window(.percent(50))
        window.sample(created: 10_000, now: 0)
        #expect(window.objection(adding: 9000, targetObjects: 10_000, created: 10_000, now: Self.second) == nil)
        window.sample(created: 10_000, now: 300 * Self.second)
        #expect(window.objection(adding: 9000, targetObjects: 10_000, created: 10_000, now: 601 * Self.second) != nil)
    }

    @Test("A percentage that a user gave has no floor")
    func noFloor() {
        let window = window(.percent(10), floor: 0)
        #expect(window.objection(adding: 1, targetObjects: 10, created: 0, now: 0) == nil)
        #expect(window.objection(adding: 2, targetObjects: 10, created: 0, now: 0) != nil)
    }

    @Test("Where everything may go, nothing is too much, though fewer are counted than there are")
    func everything() {
        let window = window(.percent(100), floor: 0)
        window.add(6, created: 0, now: 0)
        #expect(window.objection(adding: 114, targetObjects: 111, created: 0, now: 1) == nil)
    }

    @Test("Many small groups add up, and old ones are forgotten one second at a time")
    func rolling() {
        let window = window(.count(600))
        for second in 0..<1200 as Range<Int64> {
            let now = second * Self.second
            #expect(
                window.objection(adding: 1, targetObjects: 5000, created: 0, now: now) == nil, "second \(second)")
            window.add(1, created: 0, now: now)
            #expect(window.deleted <= 601)
        }
        #expect(window.objection(adding: 3, targetObjects: 5000, created: 0, now: 1200 * Self.second) != nil)
    }

    @Test("A reset forgets what was counted on both sides")
    func reset() {
        let window = window(.percent(50), floor: 0)
        window.add(5, created: 7, now: 0)
        window.reset(created: 7, now: 0)
        #expect(window.deleted == 0)
        #expect(window.objection(adding: 5, targetObjects: 10, created: 7, now: 0) == nil)
        #expect(window.objection(adding: 6, targetObjects: 10, created: 7, now: 0) != nil)
    }
}
