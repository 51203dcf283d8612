import Listings
import ObjectModel
import Reactor
import Runtime
import TestSupport
import Testing

@Suite("The order of a listing")
struct ListingOrderTests {
    private func read(_ keys: [ObjectKey], pageSize: Int, as order: KeyOrder) async throws -> [ObjectKey] {
        let pages = OrderedPages(
            MemoryPages(keys.map { .init($0) }, size: pageSize), store: "main/apks", side: 0, order: order)
        return try await pages.allObjects().flatMap { $0.map(\.key) }
    }

    private func randomKeys(_ random: inout SeededGenerator) -> [ObjectKey] {
        Array(Set((0..<40).map { _ in random.nextKey() }))
    }

    @Test("A listing in its order passes unchanged", arguments: KeyOrder.allCases, 1...7)
    func ordered(_ order: KeyOrder, _ pageSize: Int) async throws {
        var random = SeededGenerator(seed: UInt64(pageSize))
        let keys = randomKeys(&random).sorted { order.precedes($0, $1) }
        #expect(try await read(keys, pageSize: pageSize, as: order) == keys)
        #expect(try await read([], pageSize: pageSize, as: order) == [])
    }

    @Test("Empty pages in between do not hide a disorder")
    func emptyPages() async throws {
        let pages = OrderedPages(
            MemoryPages([[], [.init("b")], [], [], [.init("a")]]), store: "main/apks", side: 0, order: .bytes)
        await #expect(throws: ListingDisorder.self) { _ = try await pages.allObjects() }
    }

    @Test("A listing that does not begin after the key it was asked to is a disorder", arguments: ["a", "b", "c"])
    func ignoredStart(_ start: String) async throws {
        let pages = OrderedPages(
            MemoryPages([[], [.init("b"), .init("c")]]), store: "main/apks", side: 0, order: .bytes,
            after: ObjectKey(start))
        if start == "a" {
            #expect(try await pages.allObjects().flatMap { $0 }.count == 2)
        } else {
            let error = await #expect(throws: ListingDisorder.self) { _ = try await pages.allObjects() }
            #expect(error?.first == ObjectKey(start) && error?.second == "b")
        }
    }

    @Test("Two keys in the wrong place are named, within a page and across pages", arguments: 1...7)
    func disorder(_ pageSize: Int) async throws {
        let keys: [ObjectKey] = ["a", "b", "d", "c", "e"]
        let error = await #expect(throws: ListingDisorder.self) {
            _ = try await read(keys, pageSize: pageSize, as: .bytes)
        }
        #expect(error?.first == "d" && error?.second == "c")
        #expect(error?.likely == nil)
        #expect(error?.side == 0 && error?.store == "main/apks")
        #expect(error?.sentence.contains("main/apks") == true)
    }

    @Test("A key that comes twice is a disorder", arguments: KeyOrder.allCases, [1, 2, 7])
    func duplicate(_ order: KeyOrder, _ pageSize: Int) async {
        await #expect(throws: ListingDisorder.self) {
            _ = try await read(["a", "b", "b", "c"], pageSize: pageSize, as: order)
        }
    }

    @Test("The other order is recognised", arguments: 1...7)
    func otherOrder(_ pageSize: Int) async {
        let byPath = await #expect(throws: ListingDisorder.self) {
            _ = try await read(["a", "a/b", "a!", "a-b"], pageSize: pageSize, as: .bytes)
        }
        #expect(byPath?.likely == .path)
        let byBytes = await #expect(throws: ListingDisorder.self) {
            _ = try await read(["a", "a!", "a-b", "a/b"], pageSize: pageSize, as: .path)
        }
        #expect(byBytes?.likely == .bytes)
    }

    @Test("A listing in no order comes out sorted by bytes, whatever the pages", arguments: 1...7)
    func sorted(_ pageSize: Int) async throws {
        var random = SeededGenerator(seed: UInt64(pageSize))
        let keys = randomKeys(&random).shuffled(using: &random)
        let objects = keys.enumerated().map { index, key in
            ListedObject(
                key: key,
                state: ObjectState(
                    size: Int64(index), etag: ETag(index % 2 == 0 ? "9e107d9d372bb6826bd81d3542a419d6-7" : "opaque"),
                    lastModified: Timestamp(milliseconds: Int64(index)),
                    storageClass: index % 3 == 0 ? "GLACIER" : nil))
        }
        let pages = SortedPages(MemoryPages(objects, size: pageSize), store: "main/apks", .system)
        let sorted = try await pages.allObjects().flatMap { $0 }
        let expected = objects.sorted { $0.key < $1.key }
        #expect(sorted.map(\.key) == expected.map(\.key))
        #expect(sorted.map(\.state) == expected.map(\.state))
    }

    @Test("A listing that begins a page as it began another goes in circles, and says so")
    func circles() async throws {
        let page = [ListedObject("b"), ListedObject("a")]
        let error = await #expect(throws: CircularListing.self) {
            _ = try await SortedPages(MemoryPages([page, [], [.init("c")], page]), store: "main/apks", .system).next()
        }
        #expect(error?.description.contains("circles") == true)
    }

    @Test("A listing that breaks off while it is sorted is a failure")
    func brokenWhileSorted() async {
        struct Broken: Error {}
        await #expect(throws: Broken.self) {
            _ = try await SortedPages(MemoryPages([[.init("a")]], failure: Broken()), store: "main/apks", .system)
                .next()
        }
    }
}
