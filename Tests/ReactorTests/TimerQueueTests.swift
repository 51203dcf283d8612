import Runtime
import Testing

@testable import Reactor

@Suite("Timers")
struct TimerQueueTests {
    @Test("Timers come due in the order of their times, and none too early", arguments: 1...5 as ClosedRange<UInt64>)
    func order(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = TimerQueue()
        var fired: [Int64] = []
        var waiting: [UInt64: Int64] = [:]
        var cancelled = 0
        for _ in 0..<300 {
            let deadline = Int64.random(in: 0...1000, using: &random)
            let id = queue.reserve()
            queue.add(id, at: deadline) { fired.append(deadline) }
            waiting[id] = deadline
            if Int.random(in: 0..<4, using: &random) == 0,
                let other = waiting.keys.sorted().randomElement(using: &random)
            {
                #expect(queue.take(other) != nil, "seed \(seed)")
                #expect(queue.take(other) == nil, "seed \(seed)")
                waiting[other] = nil
                cancelled += 1
            }
        }
        #expect(queue.nextDeadline == waiting.values.min(), "seed \(seed)")
        for now in stride(from: 0, through: 1000, by: 50) as StrideThrough<Int64> {
            while let action = queue.takeDue(at: now) { action() }
            #expect(fired.allSatisfy { $0 <= now }, "seed \(seed)")
            #expect(queue.nextDeadline.map { $0 > now } ?? true, "seed \(seed)")
        }
        #expect(fired == waiting.values.sorted(), "seed \(seed)")
        #expect(fired.count == 300 - cancelled, "seed \(seed)")
        #expect(queue.isEmpty && queue.nextDeadline == nil, "seed \(seed)")
    }

    @Test("A timer taken out before its time does not fire and does not hold up the others")
    func taken() {
        var queue = TimerQueue()
        var fired: [String] = []
        let first = queue.reserve()
        queue.add(first, at: 1) { fired.append("first") }
        queue.add(queue.reserve(), at: 5) { fired.append("second") }
        queue.take(first)?()
        #expect(fired == ["first"])
        #expect(queue.nextDeadline == 5)
        #expect(queue.takeDue(at: 4) == nil)
        queue.takeDue(at: 5)?()
        #expect(fired == ["first", "second"])
        #expect(queue.isEmpty)
    }
}
