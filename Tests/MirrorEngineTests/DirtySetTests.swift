import ObjectModel
import Reactor
import Runtime
import Testing

@testable import MirrorEngine

@Suite("The set of dirty keys", .timeLimit(.minutes(10)))
struct DirtySetTests {
    @Test("A key marked twice is worked once, in the order of the first marks")
    func coalescing() async {
        let set = DirtySet(width: 8, time: SystemTime())
        set.markNow(Job(key: "b", reason: .missing))
        await set.mark(Job(key: "a"))
        await set.mark(Job(key: "b", reason: .size))
        set.markNow(Job(key: "a"))
        set.end()
        #expect(set.counts == (2, 0, 0))
        let first = await set.next()
        #expect(first?.key == "b" && first?.reason == .missing)
        let second = await set.next()
        #expect(second?.key == "a")
        #expect(set.counts == (0, 2, 0))
        set.settle("b")
        set.settle("a")
        #expect(await set.next() == nil)
    }

    @Test("A key marked while it is worked is worked again afterwards, from scratch, and not before")
    func markedInFlight() async {
        let state = ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1))
        let set = DirtySet(width: 8, time: SystemTime())
        set.markNow(Job(key: "a", source: state, decision: .copy(.missing)))
        _ = await set.next()
        await set.mark(Job(key: "a", source: state, decision: .copy(.etag)))
        set.markNow(Job(key: "a", source: state))
        #expect(set.contains("a"))
        #expect(set.counts == (0, 1, 0))
        set.settle("a")
        #expect(set.counts == (1, 0, 0))
        set.end()
        // What was known of it when it was marked may be out of date.
        #expect(await set.next() == Job(key: "a"))
        set.settle("a")
        #expect(!set.contains("a"))
        #expect(await set.next() == nil)
    }

    @Test("That a listing showed a key is not forgotten while it is not settled")
    func listed() async {
        let listing = Job(key: "a", decision: .copy(.missing)).with(listing: 3)
        let set = DirtySet(width: 8, time: SystemTime())
        // Told by an event while it waits, while it is worked, and while it waits for another try.
        await set.mark(listing)
        set.markNow(Job(key: "a"))
        #expect(await set.next()?.listing == 3)
        set.markNow(Job(key: "a"))
        set.retryLater(listing)
        #expect(await set.next()?.listing == 3)
        set.retryLater(Job(key: "a").with(listing: 3))
        set.markNow(Job(key: "a"))
        #expect(await set.next()?.listing == 3)
        #expect(set.close().map(\.job.listing) == [3])
        let told = DirtySet(width: 8, time: SystemTime())
        told.markNow(Job(key: "a"))
        #expect(await told.next()?.listing == nil)
        await told.mark(listing)
        told.settle("a")
        #expect(await told.next()?.listing == 3)
    }

    @Test("The end waits for what is in flight and for what backs off")
    func settling() async {
        let set = DirtySet(width: 8, time: SystemTime())
        set.markNow(Job(key: "a"))
        set.end()
        let job = await set.next()
        var failed = job ?? Job(key: "lost")
        failed.attempt = 1
        set.retryLater(failed)
        #expect(set.counts == (0, 0, 1))
        async let again = set.next()
        set.wake("a")
        let retried = await again
        #expect(retried?.key == "a" && retried?.attempt == 1)
        #expect(set.counts == (0, 1, 0))
        async let end = set.next()
        set.settle("a")
        #expect(await end == nil)
    }

    @Test("A key that backs off may be marked: it is worked once for both")
    func markedWhileBackingOff() async {
        let set = DirtySet(width: 8, time: SystemTime())
        set.markNow(Job(key: "a"))
        _ = await set.next()
        set.retryLater(Job(key: "a", reason: .missing))
        set.markNow(Job(key: "a", reason: .etag))
        set.wake("a")
        set.end()
        #expect(set.counts == (1, 0, 0))
        #expect(await set.next()?.reason == .etag)
        set.settle("a")
        #expect(await set.next() == nil)
    }

    @Test("No more jobs are in flight than the width allows")
    func width() async {
        let set = DirtySet(width: 2, time: SystemTime())
        for key in ["a", "b", "c"] { set.markNow(Job(key: ObjectKey(key))) }
        set.end()
        _ = await set.next()
        _ = await set.next()
        async let third = set.next()
        for _ in 0..<100 { await Task.yield() }
        #expect(set.counts == (1, 2, 0))
        set.settle("a")
        #expect(await third?.key == "c")
        set.settle("b")
        set.settle("c")
        #expect(await set.next() == nil)
    }

    @Test("A producer waits while as many keys are waiting as the depth allows")
    func depth() async {
        let set = DirtySet(width: 1, depth: 3, time: SystemTime())
        let keys = (0..<50).map { ObjectKey("\($0)") }
        let producer = Task {
            for key in keys { await set.mark(Job(key: key)) }
            set.end()
        }
        var seen: [ObjectKey] = []
        while let job = await set.next() {
            for _ in 0..<20 { await Task.yield() }
            #expect(set.counts.waiting <= 3)
            seen.append(job.key)
            set.settle(job.key)
        }
        await producer.value
        #expect(seen == keys)
    }

    @Test("Keys that must not wait are taken in beyond the depth")
    func beyondDepth() {
        let set = DirtySet(width: 1, depth: 1, time: SystemTime())
        for key in ["a", "b", "c"] { set.markNow(Job(key: ObjectKey(key))) }
        #expect(set.counts.waiting == 3)
    }

    @Test("Clearing drops what waits, lets producers go, and takes in nothing more")
    func clearing() async {
        let set = DirtySet(width: 8, depth: 2, time: SystemTime())
        for key in ["a", "b", "c"] { set.markNow(Job(key: ObjectKey(key))) }
        _ = await set.next()
        _ = await set.next()
        set.retryLater(Job(key: "b"))
        let producer = Task {
            await set.mark(Job(key: "d"))
            await set.mark(Job(key: "e"))
            await set.mark(Job(key: "f"))
        }
        for _ in 0..<100 { await Task.yield() }
        set.clear()
        await producer.value
        set.wake("b")
        set.markNow(Job(key: "g"))
        // The key in flight is marked, and settled, without coming back.
        set.markNow(Job(key: "a"))
        #expect(set.counts == (0, 1, 0))
        set.settle("a")
        #expect(await set.next() == nil)
        #expect(set.counts == (0, 0, 0))
    }

    @Test("A cancelled producer does not mark")
    func cancelledProducer() async {
        let set = DirtySet(width: 8, time: SystemTime())
        let producer = Task {
            while !Task.isCancelled { await Task.yield() }
            await set.mark(Job(key: "a"))
        }
        producer.cancel()
        await producer.value
        #expect(set.counts == (0, 0, 0))
    }

    // MARK: Many at once

    /// What really happens to the keys: every mark is a new version, and a job sees the version at its start.
    private struct World {
        var version: [ObjectKey: Int] = [:]
        var seen: [ObjectKey: Int] = [:]
        var inFlight: Set<ObjectKey> = []
        var mostInFlight = 0
        var overlaps = 0
    }

    @Test("Whatever happens at once, the last change of every key is seen", arguments: 1...12 as ClosedRange<UInt64>)
    func random(_ seed: UInt64) async {
        let set = DirtySet(width: 6, depth: 5, time: SystemTime())
        let world = Mutex(World())
        let producers = Task {
            await withTaskGroup(of: Void.self) { group in
                for producer in 0..<4 as Range<UInt64> {
                    group.addTask {
                        var random = SeededGenerator(seed: seed &* 100 + producer)
                        for _ in 0..<150 {
                            let key = ObjectKey("\(Int.random(in: 0..<12, using: &random))")
                            world.withLock { $0.version[key, default: 0] += 1 }
                            if Bool.random(using: &random) {
                                set.markNow(Job(key: key))
                            } else {
                                await set.mark(Job(key: key))
                            }
                            if Int.random(in: 0..<4, using: &random) == 0 { await Task.yield() }
                        }
                    }
                }
            }
            set.end()
        }
        var random = SeededGenerator(seed: seed)
        await withTaskGroup(of: Void.self) { group in
            while let job = await set.next() {
                let version = world.withLock { world in
                    if !world.inFlight.insert(job.key).inserted { world.overlaps += 1 }
                    world.mostInFlight = max(world.mostInFlight, world.inFlight.count)
                    return world.version[job.key, default: 0]
                }
                let yields = Int.random(in: 0..<6, using: &random)
                let fails = Int.random(in: 0..<5, using: &random) == 0
                group.addTask {
                    for _ in 0..<yields { await Task.yield() }
                    world.withLock { world in
                        world.inFlight.remove(job.key)
                        if !fails { world.seen[job.key] = version }
                    }
                    guard fails else { return set.settle(job.key) }
                    set.retryLater(Job(key: job.key))
                    for _ in 0..<yields { await Task.yield() }
                    set.wake(job.key)
                }
            }
        }
        await producers.value
        world.withLock { world in
            #expect(world.overlaps == 0, "seed \(seed): a key was worked twice at once")
            #expect(world.mostInFlight <= 6, "seed \(seed)")
            #expect(world.seen == world.version, "seed \(seed): a change was forgotten")
        }
        #expect(set.counts == (0, 0, 0), "seed \(seed)")
    }
}

extension Job {
    fileprivate func with(listing: Int?) -> Job {
        var job = self
        job.listing = listing
        return job
    }
}
