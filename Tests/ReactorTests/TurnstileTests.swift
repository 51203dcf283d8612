import ObjectModel
import Runtime
import Testing

@testable import Reactor

/// A clock that goes on when it is told to.
private final class HandClock: Time {
    private let state = Mutex<Int64>(0)

    func now() -> Int64 { state.withLock(\.self) }
    func wall() -> Timestamp { Timestamp(milliseconds: 0) }
    func sleep(until deadline: Int64) async {
        while !Task.isCancelled, now() < deadline { await Task.yield() }
    }
    func pass(milliseconds: Int64) { state.withLock { $0 += milliseconds * 1_000_000 } }
}

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
        let turnstile = Turnstile(places: places, time: HandClock())
        let count = Mutex(Count())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try? await turnstile.with { _ in
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
        let turnstile = Turnstile(places: 1, time: HandClock())
        for _ in 0..<10 {
            await #expect(throws: Refusal.self) { try await turnstile.with { _ in throw Refusal() } }
        }
        #expect(try await turnstile.with { _ in 7 } == 7)
    }

    @Test("Who is cancelled while waiting gives up at once, and its turn goes to the next one")
    func cancelled() async throws {
        let turnstile = Turnstile(places: 1, time: HandClock())
        let (isHeld, isFree) = (Mutex(false), Mutex(false))
        let holder = Task {
            try await turnstile.with { _ in
                isHeld.withLock { $0 = true }
                while !isFree.withLock({ $0 }) { await Task.yield() }
            }
        }
        while !isHeld.withLock({ $0 }) { await Task.yield() }
        let impatient = Task { _ = try await turnstile.with { _ in Issue.record("was let in") } }
        let patient = Task { try await turnstile.with { _ in 3 } }
        for _ in 0..<100 { await Task.yield() }
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        isFree.withLock { $0 = true }
        try await holder.value
        #expect(try await patient.value == 3)
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await turnstile.with { _ in Issue.record("was let in") }
        }
        late.cancel()
        await #expect(throws: CancellationError.self) { try await late.value }
        #expect(try await turnstile.with { _ in 7 } == 7)
    }
}

@Suite("The turnstile and those that stand still", .timeLimit(.minutes(10)))
struct TurnstilePatienceTests {
    /// One that holds a place until it is let go, and goes on when it is told to.
    private final class Holder: Sendable {
        private struct State {
            var isIn = false
            var isLeaving = false
            /// How often it was told to go on, and how often it has.
            var wanted = 0
            var done = 0
        }

        private let state = Mutex(State())

        init(_ turnstile: Turnstile) {
            Task { [self] in
                try await turnstile.with { place in
                    state.withLock { $0.isIn = true }
                    while !state.withLock({ $0.isLeaving }) {
                        if !hasGoneOn {
                            try await place.goOn()
                            state.withLock { $0.done += 1 }
                        }
                        await Task.yield()
                    }
                }
            }
        }

        var isIn: Bool { state.withLock { $0.isIn } }
        var hasGoneOn: Bool { state.withLock { $0.done == $0.wanted } }
        func goOn() { state.withLock { $0.wanted += 1 } }
        func leave() { state.withLock { $0.isLeaving = true } }
    }

    private func until(_ isDone: () -> Bool) async {
        while !isDone() { await Task.yield() }
    }

    /// Lets all tasks do what they can.
    private func settle() async {
        for _ in 0..<2000 { await Task.yield() }
    }

    @Test("Who stands still too long while others wait loses its place, and waits for another one before it goes on")
    func still() async {
        let clock = HandClock()
        let turnstile = Turnstile(places: 1, patience: .milliseconds(100), time: clock)
        let stalled = Holder(turnstile)
        await until { stalled.isIn }
        clock.pass(milliseconds: 500)
        stalled.goOn()
        await until { stalled.hasGoneOn }
        let next = Holder(turnstile)
        clock.pass(milliseconds: 99)
        await settle()
        #expect(!next.isIn)
        clock.pass(milliseconds: 1)
        await until { next.isIn }
        stalled.goOn()
        await settle()
        #expect(!stalled.hasGoneOn)
        next.leave()
        await until { stalled.hasGoneOn }
        stalled.leave()
        #expect(await (try? turnstile.with { _ in 7 }) == 7)
    }

    @Test("Who goes on keeps its place, however many wait; the others come in the order in which they came")
    func busy() async {
        let clock = HandClock()
        let turnstile = Turnstile(places: 2, patience: .milliseconds(100), time: clock)
        let (busy, stalled) = (Holder(turnstile), Holder(turnstile))
        await until { busy.isIn && stalled.isIn }
        var waiting: [Holder] = []
        for _ in 0..<3 {
            waiting.append(Holder(turnstile))
            await settle()
        }
        for _ in 0..<3 {
            clock.pass(milliseconds: 50)
            busy.goOn()
            await until { busy.hasGoneOn }
        }
        await until { waiting[0].isIn }
        await settle()
        #expect(!waiting[1].isIn)
        for _ in 0..<2 {
            clock.pass(milliseconds: 50)
            busy.goOn()
            await until { busy.hasGoneOn }
        }
        await until { waiting[1].isIn }
        #expect(!waiting[2].isIn)
        for each in [busy, stalled] + waiting { each.leave() }
        await until { waiting[2].isIn }
    }

    @Test("All tasks of one that lost its place go on together once it has another")
    func together() async throws {
        let clock = HandClock()
        let turnstile = Turnstile(places: 1, patience: .milliseconds(100), time: clock)
        let (isIn, goes, done) = (Mutex(false), Mutex(false), Mutex(0))
        let many = Task {
            try await turnstile.with { place in
                isIn.withLock { $0 = true }
                while !goes.withLock({ $0 }) { await Task.yield() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<5 {
                        group.addTask {
                            try await place.goOn()
                            done.withLock { $0 += 1 }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
        await until { isIn.withLock { $0 } }
        let other = Holder(turnstile)
        await settle()
        clock.pass(milliseconds: 100)
        await until { other.isIn }
        goes.withLock { $0 = true }
        await settle()
        #expect(done.withLock { $0 } == 0)
        other.leave()
        try await many.value
        #expect(done.withLock { $0 } == 5)
    }
}
