import ObjectModel
import Runtime
import Testing

@testable import MirrorEngine

@Suite("Keys whose writes may come late")
struct LateWritesTests {
    private static let second: Int64 = 1_000_000_000

    @Test("They are looked at again and again, ever less often, and then forgotten")
    func looks() {
        var late = LateWrites()
        late.note(["a"], now: 10 * Self.second)
        var looked: [Int64] = []
        while let due = late.nextDue {
            #expect(late.takeDue(now: due - 1).isEmpty)
            #expect(late.takeDue(now: due) == ["a"])
            looked.append(due / Self.second - 10)
        }
        #expect(looked == LateWrites.looks && late.isEmpty)
    }

    @Test("Looks that were missed are made up for by one")
    func missed() {
        var late = LateWrites()
        late.note(["a", "b"], now: 0)
        #expect(Set(late.takeDue(now: 8 * Self.second)) == ["a", "b"])
        #expect(late.nextDue == 10 * Self.second)
    }

    @Test("Another write that is given up begins it anew")
    func anew() {
        var late = LateWrites()
        late.note(["a"], now: 0)
        #expect(late.takeDue(now: 300 * Self.second) == ["a"] && late.isEmpty)
        late.note(["a"], now: 300 * Self.second)
        #expect(late.nextDue == 301 * Self.second)
    }
}
