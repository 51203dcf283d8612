import Reactor
import Runtime
import Testing

@testable import Reactor

@Suite("The turnstile", .timeLimit(.minutes(10)))
struct TurnstileTests {
    private struct Refusal: Error {}

    private struct Count {
        var inside = 0
        var most = 0
        var passed = 0
    }

    @Test("Never more are inside than there are places, and all get through", arguments: [1, 3])
    func places(places: Int) async {
        let turnstile = Turnstile(places: places)
        let count = Mutex(Count())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try? await turnstile.with {
                        count.withLock { count in
                            count.inside += 1
                            count.most = max(count.most, count.inside)
                        }
                        for _ in 0..<5 { await Task.yield() }
                        count.withLock { count in
                            count.inside -= 1
                            count.passed += 1
                        }
                    }
                }
            }
        }
        count.withLock { count in
            #expect(count.most <= places)
            #expect(count.passed == 100 && count.inside == 0)
        }
    }

    @Test("Who leaves with an error leaves all the same")
    func errors() async throws {
        let turnstile = Turnstile(places: 1)
        for _ in 0..<10 {
            await #expect(throws: Refusal.self) { try await turnstile.with { throw Refusal() } }
        }
        #expect(try await turnstile.with { 7 } == 7)
    }

    @Test("Who is cancelled while waiting gives up at once, and its turn goes to the next one")
    func cancelled() async throws {
        let turnstile = Turnstile(places: 1)
        let (isHeld, isFree) = (Mutex(false), Mutex(false))
        let holder = Task {
            try await turnstile.with {
                isHeld.withLock { $0 = true }
                while !isFree.withLock({ $0 }) { await Task.yield() }
            }
        }
        while !isHeld.withLock({ $0 }) { await Task.yield() }
        let impatient = Task { _ = try await turnstile.with { Issue.record("was let in") } }
        let patient = Task { try await turnstile.with { 3 } }
        for _ in 0..<100 { await Task.yield() }
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        isFree.withLock { $0 = true }
        try await holder.value
        #expect(try await patient.value == 3)
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await turnstile.with { Issue.record("was let in") }
        }
        late.cancel()
        await #expect(throws: CancellationError.self) { try await late.value }
        #expect(try await turnstile.with { 7 } == 7)
    }
}
