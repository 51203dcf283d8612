import ObjectModel
import Reactor
import Testing

@testable import MirrorEngine

@Suite("Listings beside changes")
struct ListingRestTests {
    private static let millisecond: Int64 = 1_000_000

    @Test("After a page it rests as long as the page took, but not for long, and only beside changes")
    func rest() {
        let recently = 900 * Self.millisecond
        #expect(Reconciler.rest(after: 7 * Self.millisecond, sinceChange: recently) == 7 * Self.millisecond)
        #expect(Reconciler.rest(after: 3000 * Self.millisecond, sinceChange: recently) == 50 * Self.millisecond)
        #expect(Reconciler.rest(after: 7 * Self.millisecond, sinceChange: 1000 * Self.millisecond) == 0)
        #expect(Reconciler.rest(after: -1, sinceChange: 0) == 0)
    }

    @Test("The time of the last change is that of the last offer, not of what listings marked")
    func lastOffer() async {
        let dirty = DirtySet(width: 4, time: SystemTime())
        await dirty.mark(Job(key: "a"))
        dirty.markNow(Job(key: "b"))
        #expect(dirty.lastOffer == 0)
        #expect(dirty.offer(Job(key: "c"), since: 1))
        #expect(dirty.lastOffer > 0)
    }
}
