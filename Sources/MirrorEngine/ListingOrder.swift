import Journal
import ObjectModel
import S3
import Stores

/// A listing that is not in the order that it was taken to be in.
struct ListingDisorder: Error {
    /// The side's name.
    let store: String
    let isSource: Bool
    /// The order in which these two keys would be right; nil if in none that is known.
    let likely: KeyOrder?
    let first: ObjectKey
    let second: ObjectKey
}

/// Passes pages on as long as their keys ascend strictly.
final class OrderedPages: PageReader {
    private let reader: any PageReader
    private let store: String
    private let isSource: Bool
    private let order: KeyOrder
    private var last: ObjectKey?

    /// `start` is the key (with its prefix) after which the listing was asked to begin: a server that does not heed it
    /// is out of order too.
    init(_ reader: any PageReader, store: String, isSource: Bool, order: KeyOrder, after start: ObjectKey? = nil) {
        self.reader = reader
        last = start
        self.store = store
        self.isSource = isSource
        self.order = order
    }

    func next() async throws -> ListingPage? {
        guard let page = try await reader.next() else { return nil }
        guard page.count > 0 else { return page }
        let first = page.key(at: 0)
        if let last, !order.precedes(last, first) { throw disorder(last, first) }
        for index in 1..<max(1, page.count) where !page.isAscending(at: index, order: order) {
            throw disorder(page.key(at: index - 1), page.key(at: index))
        }
        last = page.key(at: page.count - 1)
        return page
    }

    func bound(through last: ObjectKey) { reader.bound(through: last) }

    private func disorder(_ first: ObjectKey, _ second: ObjectKey) -> ListingDisorder {
        let likely = KeyOrder.allCases.first { $0 != order && $0.precedes(first, second) }
        return ListingDisorder(store: store, isSource: isSource, likely: likely, first: first, second: second)
    }
}

/// A listing sorted by bytes in a temporary table on disk: read to its end first, then given page by page.
final class SortedPages: PageReader {
    private let spill: SortedSpill

    /// Reads all of `reader`. A listing that begins a page with a key that has begun one before goes in circles.
    init(_ reader: any PageReader, store: String) async throws {
        spill = try await SortedSpill.open()
        var beginnings: Set<ObjectKey> = []
        while let page = try await reader.next() {
            guard page.count > 0 else { continue }
            guard beginnings.insert(page.key(at: 0)).inserted else {
                throw ObjectFailure.impossible(
                    "The listing of \(store) goes in circles: it gives the page that begins with \(page.key(at: 0)) "
                        + "twice.")
            }
            try await spill.append((0..<page.count).map { Self.entry(page, $0) })
        }
    }

    private static func entry(_ page: ListingPage, _ index: Int) -> SpillEntry {
        SpillEntry(
            key: page.key(at: index), size: page.size(at: index), etag: page.etag(at: index),
            lastModified: page.lastModified(at: index), storageClass: page.storageClass(at: index))
    }

    /// A sorted listing is read already; it is never split.
    func bound(through last: ObjectKey) {}

    func next() async throws -> ListingPage? {
        let entries = try await spill.next(limit: 1000)
        guard !entries.isEmpty else { return nil }
        return ListingPage(
            entries.map {
                ListingPage.Object(
                    key: $0.key, size: $0.size, etag: $0.etag, lastModified: $0.lastModified,
                    storageClass: $0.storageClass)
            })
    }
}
