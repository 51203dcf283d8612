import ObjectModel
import Reactor
import Testing

@testable import MirrorEngine

@Suite("The lanes of dirty keys", .timeLimit(.minutes(10)))
struct DirtySetLaneTests {
    // MARK: Lanes

    @Test("What events tell goes before what listings found, three turns of four")
    func fairness() async {
        let set = DirtySet(width: 100, time: SystemTime())
        for index in 0..<4 { await set.mark(Job(key: ObjectKey("bulk-\(index)"))) }
        for index in 0..<8 { #expect(set.offer(Job(key: ObjectKey("event-\(index)")), since: 1)) }
        #expect(
            await set.keys(12) == [
                "event-0", "event-1", "event-2", "bulk-0", "event-3", "event-4", "event-5", "bulk-1", "event-6",
                "event-7", "bulk-2", "bulk-3",
            ])
    }

    private static let state = ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1))

    private func comparison(_ key: String) -> Job {
        Job(key: ObjectKey(key), source: Self.state, target: Self.state, decision: .compareHeaders)
    }

    @Test("Headers are compared after all else, and beside changes eight at once")
    func comparisons() async {
        let set = DirtySet(width: 100, time: SystemTime())
        for index in 0..<12 { await set.mark(comparison("compare-\(index)")) }
        await set.mark(Job(key: "bulk"))
        #expect(set.offer(Job(key: "event"), since: 1))
        #expect(await set.keys(3) == ["event", "bulk", "compare-0"])
        #expect(await set.keys(7) == (1..<8).map { ObjectKey("compare-\($0)") })
        // What is told now does not wait for them.
        #expect(set.offer(Job(key: "told"), since: 1))
        #expect(await set.keys(1) == ["told"])
        for index in 0..<4 { set.settle(ObjectKey("compare-\(index)")) }
        #expect(await set.keys(4) == (8..<12).map { ObjectKey("compare-\($0)") })
        #expect(set.counts.waiting == 0 && set.counts.inFlight == 11)
    }

    @Test("Without changes all headers are compared at once; one that an event tells again is looked at afresh")
    func leisure() async {
        let set = DirtySet(width: 100, time: SystemTime())
        for index in 0..<20 { await set.mark(comparison("compare-\(index)")) }
        #expect(await set.keys(19).count == 19)
        #expect(set.offer(Job(key: "compare-19"), since: 5))
        let job = await set.next()
        #expect(job?.key == "compare-19" && job?.decision == nil)
        #expect(set.counts.waiting == 0)
        // A later listing that shows more than that.
        await set.mark(comparison("changed"))
        await set.mark(Job(key: "changed", source: Self.state, decision: .copy(.size)))
        #expect(await set.next()?.decision == .copy(.size))
        for index in 0..<20 { set.settle(ObjectKey("compare-\(index)")) }
        set.settle("changed")
        #expect(set.counts.inFlight == 0 && set.counts.waiting == 0)
    }

    @Test("A key that a listing found and an event tells again goes ahead, to be looked at afresh")
    func promoted() async {
        let state = ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1))
        let set = DirtySet(width: 100, time: SystemTime())
        await set.mark(Job(key: "first"))
        await set.mark(Job(key: "told", source: state, decision: .copy(.missing)))
        #expect(set.offer(Job(key: "told"), since: 5))
        #expect(set.counts.waiting == 2)
        let job = await set.next()
        #expect(job?.key == "told" && job?.decision == nil)
        #expect(await set.keys(1) == ["first"])
        // Its old place in the other lane is gone with it.
        set.settle("told")
        set.markNow(Job(key: "last"))
        #expect(await set.keys(1) == ["last"])
    }

    @Test("A listing tells nothing new of a key that an event told")
    func notDemoted() async {
        let state = ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1))
        let set = DirtySet(width: 100, time: SystemTime())
        set.markNow(Job(key: "told"))
        await set.mark(Job(key: "told", source: state, decision: .copy(.missing)))
        #expect(await set.next()?.decision == nil)
    }

    @Test("Of two listings the later one counts")
    func laterListing() async {
        let (old, new) = (
            ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1)),
            ObjectState(size: 2, etag: .absent, lastModified: Timestamp(seconds: 2))
        )
        let set = DirtySet(width: 100, time: SystemTime())
        await set.mark(Job(key: "a", source: old, decision: .copy(.missing)))
        await set.mark(Job(key: "a", source: new, decision: .copy(.size)))
        let job = await set.next()
        #expect(job?.source == new && job?.decision == .copy(.size))
    }

    // MARK: Limits

    @Test("An offer is refused once as many keys wait as the depth allows, unless its key is known already")
    func offers() async {
        let set = DirtySet(width: 2, depth: 3, time: SystemTime())
        for key in ["a", "b", "c"] { #expect(set.offer(Job(key: ObjectKey(key)), since: 1)) }
        #expect(!set.offer(Job(key: "d"), since: 1))
        #expect(set.offer(Job(key: "a"), since: 1))
        #expect(!set.contains("d") && set.counts.waiting == 3)
        #expect(await set.keys(1) == ["a"])
        #expect(set.offer(Job(key: "d"), since: 1))
        // In flight: it is worked again afterwards, whatever the number waiting.
        #expect(set.offer(Job(key: "a"), since: 1))
        #expect(!set.offer(Job(key: "e"), since: 1))
        set.settle("a")
        #expect(set.counts.waiting == 4)
    }

    @Test("There is room while fewer than half of the depth wait")
    func room() {
        let set = DirtySet(width: 1, depth: 4, time: SystemTime())
        #expect(set.hasRoom)
        set.markNow(Job(key: "a"))
        #expect(set.hasRoom)
        set.markNow(Job(key: "b"))
        #expect(!set.hasRoom)
    }
}
