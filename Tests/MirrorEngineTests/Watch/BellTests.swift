import Reactor
import Runtime
import Testing

@testable import MirrorEngine

@Suite("The bell", .timeLimit(.minutes(10)))
struct BellTests {
    private static let reactor = Reactor(name: "bell-tests")

    /// Runs on a reactor, as every task of the engine does.
    private func run<T: Sendable>(_ body: @escaping @Sendable () async -> T) async -> T {
        await Task(executorPreference: Self.reactor, operation: body).value
    }

    private static func elapsed(since start: Int64) -> Int64 { (SystemTime().now() - start) / 1_000_000 }

    @Test("Wakes at the deadline when nobody rings")
    func deadline() async {
        let bell = Bell(SystemTime())
        let took = await run {
            let start = SystemTime().now()
            await bell.wait(until: start + 30_000_000)
            return Self.elapsed(since: start)
        }
        #expect(took >= 29)
    }

    @Test("A deadline that has passed is not waited for")
    func passed() async {
        let bell = Bell(SystemTime())
        let took = await run {
            let start = SystemTime().now()
            await bell.wait(until: 0)
            await bell.wait(until: start)
            return Self.elapsed(since: start)
        }
        #expect(took < 1000)
    }

    @Test("A ring wakes at once, from any thread")
    func ring() async {
        let bell = Bell(SystemTime())
        let sleeper = Task {
            await run { await bell.wait(until: .max) }
        }
        try? await Task.sleep(for: .milliseconds(5))
        bell.ring()
        await sleeper.value
    }

    @Test("Rings that nobody waits for are kept, as one")
    func kept() async {
        let bell = Bell(SystemTime())
        for _ in 0..<10 { bell.ring() }
        let second = await run {
            await bell.wait(until: .max)
            let start = SystemTime().now()
            await bell.wait(until: start + 30_000_000)
            return Self.elapsed(since: start)
        }
        #expect(second >= 29)
    }

    @Test("Cancelling the task wakes it, before and while it waits")
    func cancelled() async {
        let bell = Bell(SystemTime())
        let body: @Sendable () async -> Void = {
            await bell.wait(until: .max)
            await bell.wait(until: .max)
        }
        let task = Task(executorPreference: Self.reactor, operation: body)
        try? await Task.sleep(for: .milliseconds(5))
        task.cancel()
        await task.value
    }

    @Test("No ring is lost however many come at once")
    func many() async {
        let bell = Bell(SystemTime())
        let made = Mutex(0)
        let ringers = Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<500 {
                            made.withLock { $0 += 1 }
                            bell.ring()
                        }
                    }
                }
            }
        }
        // Would sleep for an hour if the last ring were lost.
        await run { while made.withLock({ $0 }) < 4000 { await bell.wait(until: .max) } }
        await ringers.value
    }
}
