import Journal
import ObjectModel
import Testing

@testable import MirrorEngine

@Suite("Keys that find no room in memory", .timeLimit(.minutes(10)))
struct OverflowTests {
    private func key(_ name: String, _ milliseconds: Int64, isRemoval: Bool = false) -> PendingKey {
        PendingKey(key: ObjectKey(name), since: Timestamp(milliseconds: milliseconds), isRemoval: isRemoval)
    }

    @Test("What is put in comes back, oldest first, and is counted all the while")
    func roundTrip() async throws {
        let overflow = Overflow(try await Journal.temporary(), mirror: "m")
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
        let overflow = Overflow(try await Journal.temporary(), mirror: "m")
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
        let overflow = Overflow(try await Journal.temporary(), mirror: "m")
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
        let overflow = Overflow(try await Journal.temporary(), mirror: "m")
        for index in 0..<50_000 { #expect(overflow.add(key("k\(index)", 1))) }
        #expect(!overflow.add(key("one more", 1)))
        await overflow.writeDown()
        #expect(overflow.add(key("one more", 1)))
        #expect(overflow.count == 50_001)
    }

    @Test("What one process leaves the next one finds, and mirrors do not see each other's")
    func nextProcess() async throws {
        let journal = try await Journal.temporary()
        let first = Overflow(journal, mirror: "m")
        #expect(first.add(key("a", 5)))
        await first.writeDown()
        let other = Overflow(journal, mirror: "other")
        await other.load()
        #expect(other.count == 0)
        #expect(await other.take() == [])
        let next = Overflow(journal, mirror: "m")
        #expect(next.count == 0)
        await next.load()
        #expect(next.count == 1 && next.oldest == Timestamp(milliseconds: 5))
        #expect(await next.take() == [key("a", 5)])
    }

    @Test("A journal that fails loses nothing that is in memory, and says why")
    func failing() async throws {
        let journal = try await Journal.temporary()
        let overflow = Overflow(journal, mirror: "m")
        #expect(overflow.add(key("a", 5)))
        await journal.close()
        await overflow.writeDown()
        #expect(overflow.count == 1 && overflow.oldest == Timestamp(milliseconds: 5))
        #expect(overflow.failure != nil)
        #expect(await overflow.take() == [])
    }
}
