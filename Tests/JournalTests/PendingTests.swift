import Journal
import ObjectModel
import TestSupport
import Testing

@Suite("Pending keys")
struct PendingTests {
    private static func pending(
        _ key: ObjectKey, since seconds: Int64, isRemoval: Bool = false, isListed: Bool = false
    ) -> PendingKey {
        PendingKey(key: key, since: Timestamp(seconds: seconds), isRemoval: isRemoval, isListed: isListed)
    }

    @Test("are taken oldest first, and by their bytes where they are of one moment", arguments: [1, 2, 1000])
    func order(limit: Int) async throws {
        let journal = try await Journal.inMemory()
        let odd = ObjectKey(bytes: [0x00, 0xFF])
        try await journal.addPending(
            mirror: "m",
            [
                Self.pending("cafe\u{301}", since: 3), Self.pending("late", since: 9, isRemoval: true),
                Self.pending("caf\u{e9}", since: 3), Self.pending(odd, since: -1),
            ])
        try await journal.addPending(mirror: "other", [Self.pending("elsewhere", since: 0)])
        #expect(try await journal.pendingCount(mirror: "m") == 4)
        #expect(try await journal.oldestPending(mirror: "m") == Timestamp(seconds: -1))
        var taken: [PendingKey] = []
        while case let batch = try await journal.takePending(mirror: "m", limit: limit), !batch.isEmpty {
            #expect(batch.count <= limit)
            taken += batch
        }
        #expect(
            taken == [
                Self.pending(odd, since: -1), Self.pending("cafe\u{301}", since: 3),
                Self.pending("caf\u{e9}", since: 3), Self.pending("late", since: 9, isRemoval: true),
            ])
        #expect(try await journal.pendingCount(mirror: "m") == 0)
        #expect(try await journal.oldestPending(mirror: "m") == nil)
        #expect(try await journal.pendingCount(mirror: "other") == 1)
    }

    @Test("keep the earliest moment and the latest word on removal when they come again")
    func again() async throws {
        let journal = try await Journal.inMemory()
        try await journal.addPending(mirror: "m", [Self.pending("k", since: 5), Self.pending("j", since: 6)])
        try await journal.addPending(
            mirror: "m",
            [
                Self.pending("k", since: 8, isRemoval: true), Self.pending("j", since: 6),
                Self.pending("j", since: 2, isRemoval: true), Self.pending("j", since: 7),
            ])
        #expect(try await journal.pendingCount(mirror: "m") == 2)
        #expect(
            try await journal.takePending(mirror: "m", limit: 10) == [
                Self.pending("j", since: 2), Self.pending("k", since: 5, isRemoval: true),
            ])
    }

    @Test("that a listing showed stay so, whatever events tell later")
    func listed() async throws {
        let journal = try await Journal.inMemory()
        try await journal.addPending(
            mirror: "m", [Self.pending("k", since: 5), Self.pending("j", since: 6, isListed: true)])
        try await journal.addPending(
            mirror: "m", [Self.pending("k", since: 5, isListed: true), Self.pending("j", since: 6)])
        #expect(
            try await journal.takePending(mirror: "m", limit: 10) == [
                Self.pending("k", since: 5, isListed: true), Self.pending("j", since: 6, isListed: true),
            ])
    }

    @Test("of a mirror never mentioned, or taken by no number at all, are none", arguments: [0, -1])
    func none(limit: Int) async throws {
        let journal = try await Journal.inMemory()
        #expect(try await journal.takePending(mirror: "m", limit: 5).isEmpty)
        #expect(try await journal.pendingCount(mirror: "m") == 0)
        #expect(try await journal.oldestPending(mirror: "m") == nil)
        try await journal.addPending(mirror: "m", [])
        try await journal.addPending(mirror: "m", [Self.pending("k", since: 1)])
        #expect(try await journal.takePending(mirror: "m", limit: limit).isEmpty)
        #expect(try await journal.pendingCount(mirror: "m") == 1)
    }

    @Test("survive the process, as facts do")
    func reopened() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("state.db")
        let first = try await Journal.open(path: path)
        try await first.addPending(mirror: "m", [Self.pending("k", since: 1, isRemoval: true)])
        try await first.setFact(mirror: "m", "deletes", "paused: 120 in 10 minutes")
        await first.close()
        let second = try await Journal.open(path: path)
        #expect(try await second.fact(mirror: "m", "deletes") == "paused: 120 in 10 minutes")
        #expect(try await second.takePending(mirror: "m", limit: 5) == [Self.pending("k", since: 1, isRemoval: true)])
        await second.close()
    }

    @Test("come in bursts and leave in thousands, in every kind of journal", arguments: ["file", "temporary"])
    func many(kind: String) async throws {
        let folder = TemporaryFolder()
        let journal =
            kind == "file"
            ? try await Journal.open(path: folder.file("state.db")) : try await Journal.temporary()
        let total = 50_000
        var number: UInt64 = 1
        var took = Duration.zero
        for batch in 0..<(total / 1000) {
            // In no order, as events come.
            let keys = (0..<1000).map { _ in
                number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Self.pending(ObjectKey("folder/\(number)"), since: Int64(batch))
            }
            took += try await journal.timeToAdd(keys)
        }
        #expect(try await journal.pendingCount(mirror: "m") == total)
        // Generous: machines that run tests are slow and busy, and sanitizers slower. It is half a second else.
        #expect(took < .seconds(20), "\(took)")
        var last = Timestamp(seconds: 0)
        var count = 0
        while case let batch = try await journal.takePending(mirror: "m", limit: 1000), let end = batch.last {
            #expect(last <= batch[0].since && batch[0].since <= end.since)
            last = end.since
            count += batch.count
        }
        #expect(count == total)
        await journal.close()
    }
}

@Suite("Facts")
struct FactTests {
    @Test("are of a mirror, set again, and removed")
    func facts() async throws {
        let journal = try await Journal.inMemory()
        #expect(try await journal.fact(mirror: "m", "a") == nil)
        try await journal.setFact(mirror: "m", "a", "1")
        try await journal.setFact(mirror: "m", "b", "")
        try await journal.setFact(mirror: "other", "a", "3")
        try await journal.setFact(mirror: "m", "a", "2 é")
        #expect(try await journal.fact(mirror: "m", "a") == "2 é")
        #expect(try await journal.fact(mirror: "m", "b") == "")
        try await journal.setFact(mirror: "m", "a", nil)
        try await journal.setFact(mirror: "m", "a", nil)
        #expect(try await journal.fact(mirror: "m", "a") == nil)
        #expect(try await journal.fact(mirror: "other", "a") == "3")
    }
}

extension Journal {
    /// How long it takes by itself: the way to the journal's thread and back is long while other tests keep all threads.
    fileprivate func timeToAdd(_ keys: [PendingKey]) throws -> Duration {
        let began = ContinuousClock.now
        try addPending(mirror: "m", keys)
        return ContinuousClock.now - began
    }
}
