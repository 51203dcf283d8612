import ObjectModel
import Runtime
import Testing

@testable import MirrorEngine

@Suite("The lanes and the retries of dirty keys", .timeLimit(.minutes(10)))
struct DirtySetLaneTests {
    private func keys(_ set: DirtySet, _ count: Int) async -> [ObjectKey] {
        var keys: [ObjectKey] = []
        for _ in 0..<count {
            guard let job = await set.next() else { break }
            keys.append(job.key)
        }
        return keys
    }

    // MARK: Lanes

    @Test("What events tell goes before what listings found, three turns of four")
    func fairness() async {
        let set = DirtySet(width: 100)
        for index in 0..<4 { await set.mark(Job(key: ObjectKey("bulk-\(index)"))) }
        for index in 0..<8 { #expect(set.offer(Job(key: ObjectKey("event-\(index)")), since: 1)) }
        #expect(
            await keys(set, 12) == [
                "event-0", "event-1", "event-2", "bulk-0", "event-3", "event-4", "event-5", "bulk-1", "event-6",
                "event-7", "bulk-2", "bulk-3",
            ])
    }

    @Test("A key that a listing found and an event tells again goes ahead, to be looked at afresh")
    func promoted() async {
        let state = ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1))
        let set = DirtySet(width: 100)
        await set.mark(Job(key: "first"))
        await set.mark(Job(key: "told", source: state, decision: .copy(.missing)))
        #expect(set.offer(Job(key: "told"), since: 5))
        #expect(set.counts.waiting == 2)
        let job = await set.next()
        #expect(job?.key == "told" && job?.decision == nil)
        #expect(await keys(set, 1) == ["first"])
        // Its old place in the other lane is gone with it.
        set.settle("told")
        set.markNow(Job(key: "last"))
        #expect(await keys(set, 1) == ["last"])
    }

    @Test("A listing tells nothing new of a key that an event told")
    func notDemoted() async {
        let state = ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1))
        let set = DirtySet(width: 100)
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
        let set = DirtySet(width: 100)
        await set.mark(Job(key: "a", source: old, decision: .copy(.missing)))
        await set.mark(Job(key: "a", source: new, decision: .copy(.size)))
        let job = await set.next()
        #expect(job?.source == new && job?.decision == .copy(.size))
    }

    // MARK: Limits

    @Test("An offer is refused once as many keys wait as the depth allows, unless its key is known already")
    func offers() async {
        let set = DirtySet(width: 2, depth: 3)
        for key in ["a", "b", "c"] { #expect(set.offer(Job(key: ObjectKey(key)), since: 1)) }
        #expect(!set.offer(Job(key: "d"), since: 1))
        #expect(set.offer(Job(key: "a"), since: 1))
        #expect(!set.contains("d") && set.counts.waiting == 3)
        #expect(await keys(set, 1) == ["a"])
        #expect(set.offer(Job(key: "d"), since: 1))
        // In flight: it is worked again afterwards, whatever the number waiting.
        #expect(set.offer(Job(key: "a"), since: 1))
        #expect(!set.offer(Job(key: "e"), since: 1))
        set.settle("a")
        #expect(set.counts.waiting == 4)
    }

    @Test("There is room while fewer than half of the depth wait")
    func room() {
        let set = DirtySet(width: 1, depth: 4)
        #expect(set.hasRoom)
        set.markNow(Job(key: "a"))
        #expect(set.hasRoom)
        set.markNow(Job(key: "b"))
        #expect(!set.hasRoom)
    }

    // MARK: Retries

    /// A set in which `keys` failed, the first of them due at 10, the next one at 20 and so on.
    private func failed(_ keys: [ObjectKey], isCondition: Bool = false) async -> DirtySet {
        let set = DirtySet(width: 100)
        for key in keys { #expect(set.offer(Job(key: key), since: 3)) }
        for (index, key) in await self.keys(set, keys.count).enumerated() {
            var job = Job(key: key)
            job.attempt = 1
            set.retryLater(job, due: Int64(index + 1) * 10, isCondition: isCondition)
        }
        #expect(set.counts == (0, 0, keys.count))
        return set
    }

    @Test("Keys are tried again when their time has come, and it is known when the next one's comes")
    func due() async {
        let set = await failed(["a", "b", "c"])
        #expect(set.wakeDue(9) == 10)
        #expect(set.counts == (0, 0, 3))
        #expect(set.wakeDue(20) == 30)
        #expect(set.counts == (2, 0, 1))
        #expect(set.wakeDue(30) == nil)
        #expect(Set(await keys(set, 3)) == ["a", "b", "c"])
        #expect(set.since("c") == 3)
    }

    @Test("When the condition has passed, those that failed for it are tried, and no others")
    func conditions() async {
        let set = await failed(["a", "b"], isCondition: true)
        set.markNow(Job(key: "own"))
        var own = Job(key: "own")
        _ = await set.next()
        own.attempt = 5
        set.retryLater(own, due: 100)
        set.wakeConditions()
        #expect(set.counts == (2, 0, 1))
        #expect(set.poisoned(attempts: 5) == 1 && set.poisoned(attempts: 6) == 0)
        #expect(set.wakeDue(0) == 100)
    }

    @Test("What waits for a server counts as no poisoned key, however often it was tried")
    func notPoisoned() async {
        let set = await failed(["a"], isCondition: true)
        #expect(set.poisoned(attempts: 0) == 0)
        #expect(await failed(["a"]).poisoned(attempts: 1) == 1)
    }

    @Test("An event for a key that waits for another try has it tried at once, with its tries remembered")
    func eventForRetry() async {
        let set = await failed(["a"])
        #expect(set.offer(Job(key: "a"), since: 50))
        #expect(set.counts == (1, 0, 0))
        #expect(set.since("a") == 3)
        #expect(await set.next()?.attempt == 1)
    }

    @Test("A key that was marked while its job failed is tried at once")
    func markedWhileFailing() async {
        let set = DirtySet(width: 100)
        #expect(set.offer(Job(key: "a"), since: 3))
        _ = await set.next()
        #expect(set.offer(Job(key: "a"), since: 9))
        var failed = Job(key: "a")
        failed.attempt = 4
        set.retryLater(failed, due: .max)
        #expect(set.counts == (1, 0, 0))
        #expect(await set.next()?.attempt == 4)
        #expect(set.since("a") == 3)
    }

    @Test("A job that is put back waits at once, and what was told meanwhile is not forgotten")
    func putBack() async {
        let set = DirtySet(width: 1)
        #expect(set.offer(Job(key: "a"), since: 3))
        let job = await set.next()
        var again = Job(key: "a")
        again.isRemoval = true
        #expect(set.offer(again, since: 8))
        set.putBack(job ?? Job(key: "lost"))
        #expect(set.counts == (1, 0, 0))
        let second = await set.next()
        #expect(second?.isRemoval == true)
        #expect(set.since("a") == 3)
        set.settle("a")
        #expect(!set.contains("a"))
    }

    // MARK: The gate

    @Test("Through a closed gate goes one job at a time, when it is allowed, beyond the width too")
    func gate() async {
        let set = DirtySet(width: 1)
        for key in ["a", "b", "c"] { set.markNow(Job(key: ObjectKey(key))) }
        #expect(await keys(set, 1) == ["a"])
        set.setGate(isOpen: false)
        let seen = Shared<[ObjectKey]>([])
        let worker = Task { while let job = await set.next() { seen.withLock { $0.append(job.key) } } }
        for _ in 0..<100 { await Task.yield() }
        #expect(seen.withLock { $0 } == [])
        set.allowOne()
        while seen.withLock({ $0.count }) < 1 { await Task.yield() }
        for _ in 0..<100 { await Task.yield() }
        #expect(seen.withLock { $0 } == ["c"])
        set.setGate(isOpen: true)
        for _ in 0..<100 { await Task.yield() }
        // Open again, the width counts.
        #expect(seen.withLock { $0 } == ["c"])
        for key in ["a", "c"] { set.settle(ObjectKey(key)) }
        while seen.withLock({ $0.count }) < 2 { await Task.yield() }
        set.settle("b")
        set.end()
        await worker.value
        #expect(seen.withLock { $0 } == ["c", "b"])
    }

    @Test("What tries a closed gate is a key that has not failed yet, if there is one")
    func freshFirst() async {
        let set = await failed(["a", "b", "c"], isCondition: true)
        set.wakeConditions()
        set.setGate(isOpen: false)
        await set.mark(Job(key: "fresh"))
        set.allowOne()
        #expect(await keys(set, 1) == ["fresh"])
        set.putBack(Job(key: "fresh"))
        set.allowOne()
        #expect(await keys(set, 1) == ["fresh"])
        var again = Job(key: "fresh")
        again.attempt = 1
        set.putBack(again)
        // The others in turn.
        var seen: Set<ObjectKey> = []
        for _ in 0..<4 {
            set.allowOne()
            seen.formUnion(await keys(set, 1))
        }
        #expect(seen == ["a", "b", "c", "fresh"])
    }

    @Test("A listing that shows what failed before has it tried no sooner; one that shows a change does")
    func noNews() async {
        let (old, new) = (
            ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1)),
            ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 2))
        )
        let set = DirtySet(width: 100)
        for (key, source) in [("copy", old), ("extra", nil), ("passing", old)] as [(ObjectKey, ObjectState?)] {
            let reason: Reason = source == nil ? .extra : .missing
            await set.mark(Job(key: key, source: source, reason: reason))
            var job = await set.next() ?? Job(key: "lost")
            job.attempt = 3
            set.retryLater(job, isCondition: key == "passing")
        }
        await set.mark(Job(key: "copy", source: old, decision: .copy(.missing)))
        await set.mark(Job(key: "extra", reason: .extra))
        #expect(set.counts == (0, 0, 3))
        // Whose failure was the server's is tried again.
        await set.mark(Job(key: "passing", source: old))
        #expect(await keys(set, 1) == ["passing"])
        await set.mark(Job(key: "copy", source: new, decision: .copy(.missing)))
        #expect(await set.next().map { $0.key == "copy" && $0.attempt == 3 } == true)
        // An event is always news.
        #expect(set.offer(Job(key: "extra"), since: 1))
        #expect(await keys(set, 1) == ["extra"])
    }

    // MARK: The end, and looking

    @Test("Closing gives back all that is not settled, with what is known of it")
    func close() async {
        let set = DirtySet(width: 100, depth: 2)
        var removal = Job(key: "flying")
        removal.isRemoval = true
        #expect(set.offer(removal, since: 1))
        #expect(await keys(set, 1) == ["flying"])
        set.markNow(Job(key: "failed"))
        #expect(await keys(set, 1) == ["failed"])
        set.retryLater(Job(key: "failed"), due: .max)
        #expect(set.offer(Job(key: "event"), since: 2))
        await set.mark(Job(key: "bulk"))
        let producer = Task { await set.mark(Job(key: "held up")) }
        for _ in 0..<100 { await Task.yield() }
        let rest = set.close()
        #expect(Set(rest.map(\.job.key)) == ["flying", "failed", "event", "bulk"])
        #expect(rest.first { $0.job.key == "event" }?.since == 2)
        #expect(rest.first { $0.job.key == "flying" }.map { $0.since == 1 && $0.job.isRemoval } == true)
        await producer.value
        // Nothing is taken in any more, and says so.
        #expect(!set.offer(Job(key: "late"), since: 1))
        set.settle("flying")
        #expect(await set.next() == nil)
        #expect(set.counts == (0, 0, 0))
    }

    @Test("A key that is in flight when the set is closed may fail in any way without coming back")
    func failingAfterClose() async {
        let set = DirtySet(width: 100)
        for key in ["a", "b", "c"] { set.markNow(Job(key: ObjectKey(key))) }
        _ = await keys(set, 3)
        _ = set.close()
        set.retryLater(Job(key: "a"), due: 0)
        set.putBack(Job(key: "b"))
        set.settle("c")
        #expect(set.counts == (0, 0, 0))
        #expect(await set.next() == nil)
    }

    @Test("The age is that of the oldest key, wherever it is")
    func ages() async {
        let set = DirtySet(width: 100)
        #expect(set.oldest == nil && set.since("a") == nil)
        #expect(set.offer(Job(key: "a"), since: 7))
        #expect(set.offer(Job(key: "b"), since: 5))
        #expect(set.offer(Job(key: "a"), since: 9))
        #expect(set.oldest == 5 && set.since("a") == 7)
        #expect(await keys(set, 2) == ["a", "b"])
        set.settle("b")
        #expect(set.oldest == 7)
        #expect(set.offer(Job(key: "a"), since: 20))
        #expect(set.since("a") == 7)
        set.settle("a")
        // What is waiting now came later than what was settled.
        #expect(set.oldest == 20 && set.since("a") == 20)
        _ = await set.next()
        set.retryLater(Job(key: "a"))
        #expect(set.oldest == 20 && set.since("a") == 20)
    }

    // MARK: What an event told of a removal

    @Test("That a client removed the key is remembered through a listing that finds it missing")
    func evidence() async {
        var removal = Job(key: "a")
        removal.isRemoval = true
        let set = DirtySet(width: 100)
        // While it waits.
        #expect(set.offer(removal, since: 1))
        await set.mark(Job(key: "a", reason: .extra))
        let waiting = await set.next()
        #expect(waiting?.isRemoval == true)
        // While it waits for another try.
        set.retryLater(removal, due: .max)
        await set.mark(Job(key: "a", reason: .extra))
        let retried = await set.next()
        #expect(retried?.isRemoval == true)
        // While it is worked.
        await set.mark(Job(key: "a", reason: .extra))
        set.retryLater(removal, due: .max)
        #expect(await set.next()?.isRemoval == true)
        // Until it is created again.
        set.settle("a")
        #expect(set.offer(removal, since: 1))
        #expect(set.offer(Job(key: "a"), since: 2))
        #expect(await set.next()?.isRemoval == false)
    }
}
