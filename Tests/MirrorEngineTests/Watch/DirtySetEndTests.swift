import ObjectModel
import Reactor
import Testing

@testable import MirrorEngine

@Suite("The end of dirty keys, and what is known of them until then", .timeLimit(.minutes(10)))
struct DirtySetEndTests {
    @Test("Closing gives back all that is not settled, with what is known of it")
    func close() async {
        let set = DirtySet(width: 100, depth: 2, time: SystemTime())
        var removal = Job(key: "flying")
        removal.isRemoval = true
        #expect(set.offer(removal, since: 1))
        #expect(await set.keys(1) == ["flying"])
        set.markNow(Job(key: "failed"))
        #expect(await set.keys(1) == ["failed"])
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
        let set = DirtySet(width: 100, time: SystemTime())
        for key in ["a", "b", "c"] { set.markNow(Job(key: ObjectKey(key))) }
        _ = await set.keys(3)
        _ = set.close()
        set.retryLater(Job(key: "a"), due: 0)
        set.putBack(Job(key: "b"))
        set.settle("c")
        #expect(set.counts == (0, 0, 0))
        #expect(await set.next() == nil)
    }

    @Test("The age is that of the oldest key, wherever it is")
    func ages() async {
        let set = DirtySet(width: 100, time: SystemTime())
        #expect(set.oldest == nil && set.since("a") == nil)
        #expect(set.offer(Job(key: "a"), since: 7))
        #expect(set.offer(Job(key: "b"), since: 5))
        #expect(set.offer(Job(key: "a"), since: 9))
        #expect(set.oldest == 5 && set.since("a") == 7)
        #expect(await set.keys(2) == ["a", "b"])
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

    @Test("A key in flight is as old as what comes back of it from disk")
    func ageOfWhatComesBack() async {
        let set = DirtySet(width: 100, time: SystemTime())
        #expect(set.offer(Job(key: "a"), since: 7))
        _ = await set.next()
        #expect(set.offer(Job(key: "a"), since: 5))
        #expect(set.oldest == 5 && set.since("a") == 5)
        set.retryLater(Job(key: "a"))
        #expect(set.oldest == 5)
        _ = await set.next()
        set.settle("a")
        #expect(set.oldest == nil)
    }

    @Test("What is in flight is worked once more, as what it was")
    func markedInFlight() async {
        let set = DirtySet(width: 100, time: SystemTime())
        var removal = Job(key: "a")
        removal.isRemoval = true
        #expect(set.offer(removal, since: 7))
        #expect(set.offer(Job(key: "b"), since: 8))
        _ = await set.next()
        set.markInFlight()
        set.settle("a")
        #expect(await set.next()?.key == "b")
        let again = await set.next()
        #expect(again?.key == "a" && again?.isRemoval == true)
    }

    @Test("That a client removed the key is remembered through a listing that finds it missing")
    func evidence() async {
        var removal = Job(key: "a")
        removal.isRemoval = true
        let set = DirtySet(width: 100, time: SystemTime())
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
