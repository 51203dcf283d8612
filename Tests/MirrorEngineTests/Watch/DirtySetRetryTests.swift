import ObjectModel
import Reactor
import Runtime
import Testing

@testable import MirrorEngine

@Suite("The retries of dirty keys, and their gate", .timeLimit(.minutes(10)))
struct DirtySetRetryTests {
    /// A set in which `keys` failed, the first of them due at 10, the next one at 20 and so on.
    private func failed(_ keys: [ObjectKey], isCondition: Bool = false) async -> DirtySet {
        let set = DirtySet(width: 100, time: SystemTime())
        for key in keys { #expect(set.offer(Job(key: key), since: 3)) }
        for (index, key) in await set.keys(keys.count).enumerated() {
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
        #expect(Set(await set.keys(3)) == ["a", "b", "c"])
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
        let set = DirtySet(width: 100, time: SystemTime())
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
        let set = DirtySet(width: 1, time: SystemTime())
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
        let set = DirtySet(width: 1, time: SystemTime())
        for key in ["a", "b", "c"] { set.markNow(Job(key: ObjectKey(key))) }
        #expect(await set.keys(1) == ["a"])
        set.setGate(isOpen: false)
        let seen = Mutex<[ObjectKey]>([])
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
        #expect(await set.keys(1) == ["fresh"])
        set.putBack(Job(key: "fresh"))
        set.allowOne()
        #expect(await set.keys(1) == ["fresh"])
        var again = Job(key: "fresh")
        again.attempt = 1
        set.putBack(again)
        // The others in turn.
        var seen: Set<ObjectKey> = []
        for _ in 0..<4 {
            set.allowOne()
            seen.formUnion(await set.keys(1))
        }
        #expect(seen == ["a", "b", "c", "fresh"])
    }

    @Test("A listing that shows what failed before has it tried no sooner; one that shows a change does")
    func noNews() async {
        let (old, new) = (
            ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1)),
            ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 2))
        )
        let set = DirtySet(width: 100, time: SystemTime())
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
        #expect(await set.keys(1) == ["passing"])
        await set.mark(Job(key: "copy", source: new, decision: .copy(.missing)))
        #expect(await set.next().map { $0.key == "copy" && $0.attempt == 3 } == true)
        // An event is always news.
        #expect(set.offer(Job(key: "extra"), since: 1))
        #expect(await set.keys(1) == ["extra"])
    }
}
