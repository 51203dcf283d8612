public import ObjectModel
public import Stores

/// Passes pages on as long as their keys ascend strictly; throws `ListingDisorder` where they do not.
public final class OrderedPages: PageReader {
    private let reader: any PageReader
    private let store: String
    private let side: Int
    private let order: KeyOrder
    private var last: ObjectKey?

    /// `start` is the key (with its prefix) after which the listing was asked to begin: a server that does not heed it
    /// is out of order too.
    public init(_ reader: any PageReader, store: String, side: Int, order: KeyOrder, after start: ObjectKey? = nil) {
        self.reader = reader
        last = start
        self.store = store
        self.side = side
        self.order = order
    }

    public func next() async throws -> ListingPage? {
        guard let page = try await reader.next() else { return nil }
        guard page.count > 0 else { return page }
        let first = page.key(at: 0)
        if let last, !order.precedes(last, first) { throw disorder(last, first) }
        if let index = page.firstOutOfOrder(order) {
            throw disorder(page.key(at: index - 1), page.key(at: index))
        }
        last = page.key(at: page.count - 1)
        return page
    }

    public func bound(through last: ObjectKey) { reader.bound(through: last) }

    private func disorder(_ first: ObjectKey, _ second: ObjectKey) -> ListingDisorder {
        let likely = KeyOrder.allCases.first { $0 != order && $0.precedes(first, second) }
        return ListingDisorder(store: store, side: side, likely: likely, first: first, second: second)
    }
}
