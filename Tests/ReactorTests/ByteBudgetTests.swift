import Reactor
import Runtime
import Testing

@testable import Reactor

@Suite("The budget of bytes in memory", .timeLimit(.minutes(10)))
struct ByteBudgetTests {
    @Test("Never more is held than there is, and everybody is served", arguments: 1...4 as ClosedRange<UInt64>)
    func random(_ seed: UInt64) async {
        let budget = ByteBudget(capacity: 100)
        let held = Mutex((now: 0, most: 0, served: 0))
        await withTaskGroup(of: Void.self) { group in
            var random = SeededGenerator(seed: seed)
            for _ in 0..<200 {
                // More than all of it counts as all of it.
                let bytes = Int.random(in: 1...150, using: &random)
                group.addTask {
                    await budget.with(bytes) {
                        held.withLock { held in
                            held.now += min(bytes, 100)
                            held.most = max(held.most, held.now)
                        }
                        for _ in 0..<(bytes % 5) { await Task.yield() }
                        held.withLock { held in
                            held.now -= min(bytes, 100)
                            held.served += 1
                        }
                    }
                }
            }
        }
        held.withLock { held in
            #expect(held.most <= 100 && held.most > 50, "seed \(seed)")
            #expect(held.served == 200, "seed \(seed)")
        }
    }

    // On the main actor tasks begin in the order in which they were made.
    @Test("A large request is not overtaken by small ones that would fit")
    @MainActor func fairness() async {
        let budget = ByteBudget(capacity: 10)
        var order: [Int] = []
        var tasks: [Task<Void, Never>] = []
        await budget.with(8) {
            tasks.append(Task { await budget.with(10) { order.append(10) } })
            tasks.append(Task { await budget.with(1) { order.append(1) } })
            for _ in 0..<10 { await Task.yield() }
            order.append(8)
        }
        for task in tasks { await task.value }
        #expect(order == [8, 10, 1])
    }

    @Test("What a failure held is given back")
    func failure() async {
        struct Broken: Error {}
        let budget = ByteBudget(capacity: 1)
        for _ in 0..<3 {
            await #expect(throws: Broken.self) { try await budget.with(1) { throw Broken() } }
        }
        await budget.with(1) {}
    }
}
