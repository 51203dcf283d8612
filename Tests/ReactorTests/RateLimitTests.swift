import Runtime
import Testing

@testable import Reactor

@Suite("Bandwidth limits")
struct RateLimitTests {
    private static let second: Int64 = 1_000_000_000

    @Test("A tenth of a second's worth goes at once, the rest has to be waited for")
    func burst() {
        let limit = RateLimit(bytesPerSecond: 1000)
        let now = 50 * Self.second
        #expect(limit.book(100, now: now) == 0)
        #expect(limit.book(100, now: now) == Self.second / 10)
        #expect(limit.book(1000, now: now) == Self.second / 10 + Self.second)
    }

    @Test("Time that was not used is not saved up")
    func idle() {
        let limit = RateLimit(bytesPerSecond: 1000)
        _ = limit.book(1, now: Self.second)
        #expect(limit.book(1100, now: 1000 * Self.second) == Self.second)
    }

    @Test(
        "In the long run it lets through exactly its rate, whatever the pieces", arguments: 1...5 as ClosedRange<UInt64>
    )
    func rate(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limit = RateLimit(bytesPerSecond: 10_000_000)
        let start = 7 * Self.second
        var now = start
        var moved = 0
        while now < start + 20 * Self.second {
            let bytes = Int.random(in: 1...500_000, using: &random)
            now += limit.book(bytes, now: now)
            moved += bytes
        }
        let rate = Double(moved) / (Double(now - start) / 1e9)
        #expect(abs(rate - 10_000_000) < 100_000, "seed \(seed): \(rate)")
    }

    @Test("Two who share it get it together, not each")
    func shared() {
        let limit = RateLimit(bytesPerSecond: 1000)
        let now = 9 * Self.second
        _ = limit.book(1100, now: now)
        #expect(limit.book(1000, now: now) == 2 * Self.second)
    }

    @Test("A limit of nothing is the smallest there is")
    func least() {
        #expect(RateLimit(bytesPerSecond: 0).bytesPerSecond == 1)
        #expect(RateLimit(bytesPerSecond: -5).bytesPerSecond == 1)
    }
}
