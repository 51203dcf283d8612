import Journal
import ObjectModel
import Reactor
import Runtime
import Testing

@testable import MirrorEngine

@Suite("Keys that find no room in memory", .timeLimit(.minutes(10)))
struct OverflowTests {
    private func key(_ name: String, _ milliseconds: Int64, isRemoval: Bool = false) -> PendingKey {
        PendingKey(key: ObjectKey(name), since: Timestamp(milliseconds: milliseconds), isRemoval: isRemoval)
    }

    @Test("What is put in comes back, oldest first, and is counted all the while")
    func roundTrip() async throws {
        let overflow = Overflow(try await Journal.temporary(), mirror: "m", time: SystemTime())
        await overflow.load()
        #expect(overflow.count == 0 && overflow.oldest == nil)
        #expect(await overflow.take() == [])
        for index in 0..<2500 { #expect(overflow.add(key("k\(index)", Int64(9000 - index), isRemoval: index == 7))) }
        #expect(overflow.count == 2500 && overflow.oldest == Timestamp(milliseconds: 6501))
        // Nothing comes back that was not written down.
        #expect(await overflow.take() == [])
        await overflow.writeDown()
        #expect(overflow.count == 2500 && overflow.oldest == Timestamp(milliseconds: 6501))
        var all: [PendingKey] = []
        while true {
            let keys = await overflow.take()
            if keys.isEmpty { break }
            #expect(keys.count <= 1000)
            all += keys
            #expect(overflow.count == 2500 - all.count)
            #expect(overflow.oldest == (all.count < 2500 ? Timestamp(milliseconds: 6501 + Int64(all.count)) : nil))
        }
        #expect(all.map(\.since) == all.map(\.since).sorted() && Set(all.map(\.key)).count == 2500)
        #expect(all.filter(\.isRemoval).map(\.key) == ["k7"])
        #expect(overflow.count == 0 && overflow.oldest == nil && overflow.failure == nil)
    }

    @Test("A key that comes twice is one, known since the first time, with what was told last")
    func coalescing() async throws {
        let overflow = Overflow(try await Journal.temporary(), mirror: "m", time: SystemTime())
        #expect(overflow.add(key("a", 100, isRemoval: true)))
        #expect(overflow.add(key("a", 200)))
        #expect(overflow.count == 1)
        await overflow.writeDown()
        #expect(overflow.add(key("a", 300, isRemoval: true)))
        await overflow.writeDown()
        #expect(await overflow.take() == [key("a", 100, isRemoval: true)])
        #expect(await overflow.take() == [])
        #expect(overflow.count == 0)
    }

    @Test("Counting a key twice that was written down before does not last")
    func countedTwice() async throws {
        let overflow = Overflow(try await Journal.temporary(), mirror: "m", time: SystemTime())
        for round in 0..<3 as Range<Int64> {
            #expect(overflow.add(key("a", round)))
            await overflow.writeDown()
        }
        #expect(overflow.count >= 1)
        #expect(await overflow.take().count == 1)
        #expect(overflow.count == 0 && overflow.oldest == nil)
    }

    @Test("Memory is bounded: beyond fifty thousand keys it says that there is no room")
    func bounded() async throws {
        let overflow = Overflow(try await Journal.temporary(), mirror: "m", time: SystemTime())
        for index in 0..<50_000 { #expect(overflow.add(key("k\(index)", 1))) }
        #expect(!overflow.add(key("one more", 1)))
        await overflow.writeDown()
        #expect(overflow.add(key("one more", 1)))
        #expect(overflow.count == 50_001)
    }

    @Test("What one process leaves the next one finds, and mirrors do not see each other's")
    func nextProcess() async throws {
        let journal = try await Journal.temporary()
        let first = Overflow(journal, mirror: "m", time: SystemTime())
        #expect(first.add(key("a", 5)))
        await first.writeDown()
        let other = Overflow(journal, mirror: "other", time: SystemTime())
        await other.load()
        #expect(other.count == 0)
        #expect(await other.take() == [])
        let next = Overflow(journal, mirror: "m", time: SystemTime())
        #expect(next.count == 0)
        await next.load()
        #expect(next.count == 1 && next.oldest == Timestamp(milliseconds: 5))
        #expect(await next.take() == [key("a", 5)])
    }

    @Test("A journal that fails loses nothing that is in memory, and says why")
    func failing() async throws {
        let journal = try await Journal.temporary()
        let overflow = Overflow(journal, mirror: "m", time: SystemTime())
        #expect(overflow.add(key("a", 5)))
        await journal.close()
        await overflow.writeDown()
        #expect(overflow.count == 1 && overflow.oldest == Timestamp(milliseconds: 5))
        #expect(overflow.failure != nil)
        #expect(await overflow.take() == [])
    }

    @Test("Ages are told by the clock that nobody sets, also of keys that were written down")
    func clockSet() async throws {
        let clock = SetClock()
        let journal = try await Journal.temporary()
        let overflow = Overflow(journal, mirror: "m", time: clock)
        clock.state.withLock { $0.now += 10_000_000_000 }
        let since = clock.now()
        #expect(overflow.add(PendingKey(key: "a", since: overflow.date(since), isRemoval: false)))
        await overflow.writeDown()
        clock.state.withLock { state in
            state.now += 5_000_000_000
            state.wall -= 3_600_000
        }
        let taken = try #require(await overflow.take().first)
        #expect(overflow.since(taken.since) == since)
    }

    @Test("What an earlier process left was known before this one began, whatever its clock said")
    func earlierClock() async throws {
        let clock = SetClock()
        let journal = try await Journal.temporary()
        let first = Overflow(journal, mirror: "m", time: clock)
        #expect(first.add(PendingKey(key: "a", since: first.date(clock.now()), isRemoval: false)))
        await first.writeDown()
        clock.state.withLock { $0.wall -= 3_600_000 }
        let next = Overflow(journal, mirror: "m", time: clock)
        await next.load()
        let began = clock.now()
        clock.state.withLock { $0.now += 60_000_000_000 }
        let taken = try #require(await next.take().first)
        #expect(next.since(taken.since) <= began)
        // What comes later is dated as it comes.
        let since = clock.now()
        #expect(next.add(PendingKey(key: "b", since: next.date(since), isRemoval: false)))
        await next.writeDown()
        #expect(next.since(try #require(await next.take().first).since) == since)
    }
}

/// A clock of the machine and one on the wall, which are set by hand.
private final class SetClock: Time {
    let state = Mutex((now: Int64(1_000_000_000_000), wall: Int64(1_790_000_000_000)))

    func now() -> Int64 { state.withLock { $0.now } }
    func wall() -> Timestamp { state.withLock { Timestamp(milliseconds: $0.wall) } }
    func sleep(until deadline: Int64) async {}
}
