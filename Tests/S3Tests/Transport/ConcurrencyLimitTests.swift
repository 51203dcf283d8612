import ObjectModel
import Reactor
import Runtime
import Testing

@testable import S3

@Suite("The number of requests at once")
struct ConcurrencyLimitTests {
    private static let millisecond: Int64 = 1_000_000

    /// A server that does `knee` requests at once in `serviceTime` and lets others wait in line.
    private struct Server {
        var knee: Double
        var serviceTime = Double(10 * ConcurrencyLimitTests.millisecond)
        /// More than this many at once are answered `SlowDown`.
        var throttlesAt = Int.max
    }

    /// A client that always has work: `learn` sees what it would see, without a clock.
    private struct Simulation {
        var state: ConcurrencyLimit.State
        let bounds: ConcurrencyLimit.Bounds
        var server: Server
        var now: Int64 = 1
        var random: SeededGenerator

        init(_ server: Server, initial: Int = 8, maximum: Int = 512, seed: UInt64) {
            bounds = ConcurrencyLimit.Bounds(initial: initial, maximum: maximum)
            state = ConcurrencyLimit.State(limit: Double(bounds.initial))
            self.server = server
            random = SeededGenerator(seed: seed)
        }

        /// Sends and answers as many requests at once as the limit allows; true if the server complained.
        mutating func round() -> Bool {
            let count = Int(state.limit)
            let began = now
            let time = server.serviceTime * max(1, Double(count) / server.knee)
            let isThrottled = count > server.throttlesAt
            for index in 0..<count {
                state.window.wasFull = true
                // Answers trickle in over the last tenth, with a little noise.
                let share = 0.9 + 0.1 * Double(index + 1) / Double(count)
                now = began + Int64(time * share * .random(in: 0.99...1.01, using: &random))
                state.learn(isThrottled && index == 0 ? .throttled : .fine, began: began, now: now, bounds: bounds)
            }
            now = began + Int64(time * 1.02)
            return isThrottled
        }

        /// The mean and the extremes of the limit over `rounds`.
        mutating func run(_ rounds: Int) -> (mean: Double, least: Double, most: Double) {
            var (sum, least, most) = (0.0, Double.infinity, 0.0)
            for _ in 0..<rounds {
                _ = round()
                sum += state.limit
                least = min(least, state.limit)
                most = max(most, state.limit)
            }
            return (sum / Double(rounds), least, most)
        }
    }

    @Test(
        "It finds the number past which a server gets no faster", arguments: [16, 40, 100] as [Double],
        [1, 2, 3] as [UInt64])
    func knee(_ knee: Double, _ seed: UInt64) {
        var simulation = Simulation(Server(knee: knee), seed: seed)
        _ = simulation.run(200)
        let settled = simulation.run(500)
        #expect(settled.mean > knee * 0.8, "seed \(seed): \(settled)")
        #expect(settled.mean < knee * 2.5, "seed \(seed): \(settled)")
    }

    @Test("It grows to the maximum and never past it while the server keeps up", arguments: [1, 2] as [UInt64])
    func maximum(_ seed: UInt64) {
        var simulation = Simulation(Server(knee: 10_000), maximum: 64, seed: seed)
        let settled = simulation.run(400)
        #expect(settled.most == 64, "seed \(seed)")
        #expect(simulation.state.limit > 50, "seed \(seed)")
    }

    @Test("It keeps trying: a server that becomes faster is used more", arguments: [1, 2] as [UInt64])
    func recovery(_ seed: UInt64) {
        var simulation = Simulation(Server(knee: 16), seed: seed)
        _ = simulation.run(500)
        let before = simulation.state.limit
        simulation.server.knee = 100
        _ = simulation.run(1500)
        #expect(simulation.state.limit > before * 2, "seed \(seed): from \(before) to \(simulation.state.limit)")
    }

    @Test("SlowDown halves it, once for all the requests that were under way")
    func throttled() {
        var state = ConcurrencyLimit.State(limit: 40)
        let bounds = ConcurrencyLimit.Bounds(initial: 40, maximum: 64)
        for index in 0..<40 as Range<Int64> {
            state.learn(.throttled, began: 100 + index, now: 1000 + index, bounds: bounds)
        }
        #expect(state.limit == 20)
        // One that began after the cut says that it is still too much.
        state.learn(.throttled, began: 1001, now: 2000, bounds: bounds)
        #expect(state.limit == 10)
        for round in 0..<10 as Range<Int64> {
            state.learn(.throttled, began: 3000 + round * 1000, now: 3500 + round * 1000, bounds: bounds)
        }
        #expect(state.limit == 1)
    }

    @Test("After a cut it is soon near where it was, and goes on slowly from there")
    func regrowth() {
        var simulation = Simulation(Server(knee: 10_000), initial: 64, maximum: 64, seed: 1)
        simulation.now = 2
        simulation.state.learn(.throttled, began: 1, now: 2, bounds: simulation.bounds)
        #expect(simulation.state.limit == 32)
        var limits: [Double] = []
        for _ in 0..<60 {
            _ = simulation.round()
            if limits.last != simulation.state.limit { limits.append(simulation.state.limit) }
        }
        #expect(Array(limits.prefix(5)) == [32, 48, 54, 60, 64])
    }

    @Test("Under a server that throttles it stays near what that server takes", arguments: [1, 2, 3] as [UInt64])
    func throttling(_ seed: UInt64) {
        var simulation = Simulation(Server(knee: 10_000, throttlesAt: 20), seed: seed)
        _ = simulation.run(300)
        var complaints = 0
        var sum = 0.0
        for _ in 0..<1000 {
            if simulation.round() { complaints += 1 }
            sum += simulation.state.limit
        }
        #expect(sum / 1000 > 8 && sum / 1000 <= 20, "seed \(seed): \(sum / 1000)")
        #expect(complaints < 150, "seed \(seed): \(complaints) of 1000 rounds")
    }

    @Test("Failures that say nothing about load change nothing")
    func unclear() {
        var state = ConcurrencyLimit.State(limit: 8)
        state.window.wasFull = true
        for index in 0..<1000 as Range<Int64> {
            state.learn(.unclear, began: index, now: index * Self.millisecond, bounds: .init())
        }
        #expect(state.limit == 8)
    }

    @Test("A client that has no use for its places gets no more of them")
    func idle() {
        var state = ConcurrencyLimit.State(limit: 8)
        for index in 0..<1000 as Range<Int64> {
            state.learn(.fine, began: index * Self.millisecond, now: (index + 5) * Self.millisecond, bounds: .init())
        }
        #expect(state.limit == 8)
    }

    @Test("Bounds are at least one and the beginning is not past the end")
    func bounds() {
        #expect(ConcurrencyLimit.Bounds(initial: 0, maximum: 0) == ConcurrencyLimit.Bounds(initial: 1, maximum: 1))
        #expect(ConcurrencyLimit.Bounds(initial: 99, maximum: 3).initial == 3)
    }

    // MARK: Places

    @Test("No more than the limit run at once and all get their turn", .timeLimit(.minutes(10)))
    func places() async {
        let limit = ConcurrencyLimit(.init(initial: 3, maximum: 3), time: SystemTime())
        let running = Mutex((now: 0, most: 0, done: 0))
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                group.addTask {
                    await limit.acquire()
                    running.withLock { running in
                        running.now += 1
                        running.most = max(running.most, running.now)
                    }
                    for _ in 0..<(index % 4) { await Task.yield() }
                    running.withLock { running in
                        running.now -= 1
                        running.done += 1
                    }
                    limit.release(.unclear, began: 0)
                }
            }
        }
        #expect(running.withLock { $0.most } == 3)
        #expect(running.withLock { $0.done } == 200)
    }

    // On the main actor tasks begin in the order in which they were made.
    @Test("Waiters are served in order; a cancelled one gets out of the line", .timeLimit(.minutes(10)))
    @MainActor func cancelledWaiter() async {
        let limit = ConcurrencyLimit(.init(initial: 1, maximum: 1), time: SystemTime())
        var order: [Int] = []
        await limit.acquire()
        let tasks = (0..<4).map { index in
            Task {
                await limit.acquire()
                order.append(index)
                limit.release(.unclear, began: 0)
            }
        }
        for _ in 0..<10 { await Task.yield() }
        #expect(order == [])
        tasks[2].cancel()
        await tasks[2].value
        #expect(order == [2])
        limit.release(.unclear, began: 0)
        for task in tasks { await task.value }
        #expect(order == [2, 0, 1, 3])
    }

    @Test("Tasks of low priority let others go first, three times of four", .timeLimit(.minutes(10)))
    @MainActor func patientWaiters() async {
        let limit = ConcurrencyLimit(.init(initial: 1, maximum: 1), time: SystemTime())
        var order: [String] = []
        await limit.acquire()
        let tasks = ["a", "b", "1", "2", "3", "4", "5"].map { name in
            Task(priority: name < "a" ? .medium : .low) {
                await limit.acquire()
                order.append(name)
                limit.release(.unclear, began: 0)
            }
        }
        // Until all of them wait.
        for _ in 0..<1000 { await Task.yield() }
        #expect(order == [])
        limit.release(.unclear, began: 0)
        for task in tasks { await task.value }
        #expect(order == ["1", "2", "3", "a", "4", "5", "b"])
    }
}
