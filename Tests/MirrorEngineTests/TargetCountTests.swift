import Testing

@testable import MirrorEngine

@Suite("How much the target holds")
struct TargetCountTests {
    private static func amount(_ objects: Int, _ bytes: Int64) -> Amount {
        Amount(objects: objects, bytes: bytes)
    }

    @Test("is not known before a listing, and is what the listing showed and what was done since")
    func sum() {
        var count = TargetCount()
        #expect(count.present == nil)
        count.begin()
        #expect(count.number == 1 && count.isListing)
        count.put(10, replacing: nil, listing: 1, began: 5)
        #expect(count.present == nil, "the listing is not at its end")
        count.end(Self.amount(2, 7), now: 10)
        #expect(count.present == Self.amount(3, 17) && !count.isListing)
        count.put(1, replacing: nil, listing: 1, began: 8)
        count.put(2, replacing: nil, listing: nil, began: 11)
        count.put(4, replacing: 1, listing: nil, began: 12)
        count.remove(2, listing: nil, began: 12)
        #expect(count.present == Self.amount(4, 21))
    }

    @Test("What the listing may have shown already is not counted")
    func ambiguous() {
        var count = TargetCount()
        count.begin()
        // An event told of it.
        count.put(1, replacing: nil, listing: nil, began: 5)
        count.end(Self.amount(1, 1), now: 10)
        #expect(count.present == Self.amount(1, 1))
        // It was looked for before the listing's end.
        count.put(1, replacing: nil, listing: nil, began: 10)
        #expect(count.present == Self.amount(1, 1))
        count.begin()
        // An earlier listing had it missing: this one may have it.
        count.put(1, replacing: nil, listing: 1, began: 15)
        #expect(count.present == Self.amount(2, 2), "the listing before counts until this one has ended")
        count.end(Self.amount(2, 2), now: 20)
        #expect(count.present == Self.amount(2, 2))
        count.put(1, replacing: nil, listing: 0, began: 15)
        #expect(count.present == Self.amount(2, 2))
    }

    @Test("What was removed meanwhile is not taken off what no longer shows it, but for the guards")
    func removals() {
        var count = TargetCount()
        count.begin()
        count.end(Self.amount(12, 12), now: 10)
        count.begin()
        for _ in 0..<8 { count.remove(1, listing: 1, began: 9) }
        #expect(count.present == Self.amount(4, 4) && count.leastObjects == 4)
        count.end(Self.amount(4, 4), now: 20)
        #expect(count.present == Self.amount(4, 4) && count.leastObjects == 0)
        count.remove(1, listing: 2, began: 15)
        count.remove(1, listing: nil, began: 21)
        #expect(count.present == Self.amount(2, 2) && count.leastObjects == 0)
        count.put(1, replacing: 900, listing: nil, began: 15)
        #expect(count.present == Self.amount(2, 2))
        count.begin()
        count.end(Self.amount(3, 3), now: 30)
        #expect(count.present == Self.amount(3, 3) && count.leastObjects == 3)
    }

    @Test("A listing that failed changes nothing")
    func failure() {
        var count = TargetCount()
        count.begin()
        count.end(Self.amount(5, 5), now: 10)
        count.put(1, replacing: nil, listing: 1, began: 11)
        count.begin()
        count.put(1, replacing: nil, listing: 2, began: 12)
        count.remove(1, listing: 1, began: 12)
        count.remove(1, listing: 2, began: 12)
        count.fail()
        #expect(!count.isListing && count.present == Self.amount(5, 5))
        count.begin()
        count.end(Self.amount(5, 5), now: 20)
        #expect(count.present == Self.amount(5, 5))
    }
}
