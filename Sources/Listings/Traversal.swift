public import ObjectModel
public import Runtime
public import Stores

/// Reads the listings of several stores side by side to their ends: the one way in which mirrors and audits do.
///
/// It learns in which order each side lists, has all of them read in the same one, and reads long ones in several ranges
/// of keys at once. It knows nothing of what the keys are compared for: a `RangeMerge` does that.
public struct Traversal: Sendable {
    /// One of those that are read.
    public struct Side: Sendable {
        /// As the user gave it.
        public let name: String
        /// Nil for one that has no listing.
        public let store: (any ReadableStore)?

        public init(name: String, store: (any ReadableStore)?) {
            (self.name, self.store) = (name, store)
        }
    }

    /// How far away servers are, which decides how soon and how finely a listing is cut.
    public enum Distance: Sendable {
        /// As their answers tell.
        case measured
        case near
        case distant
    }

    /// What else wants the same servers, processors and memory.
    public struct Pace: Sendable {
        /// How long to rest after a page that took so long, both in nanoseconds; nil where nothing else is under way.
        public var rest: (@Sendable (_ page: Int64) -> Int64)?
        /// Awaited with each page before it is worked at; nil where nobody else waits.
        public var goOn: (@Sendable () async throws -> Void)?

        public init() {}
    }

    let sides: [Side]
    let distance: Distance
    let pace: Pace
    let surroundings: Surroundings

    public init(_ sides: [Side], distance: Distance, pace: Pace = Pace(), _ surroundings: Surroundings) {
        self.sides = sides
        self.distance = distance
        self.pace = pace
        self.surroundings = surroundings
    }

    /// Reads everything. A side that turns out to be in another order has all of them read anew.
    ///
    /// - Parameters:
    ///   - known: the order that each side is known to list in.
    ///   - learn: told of a side that does not, and of the order that it has then; nil for none that is known, so that it
    ///     is sorted in a temporary table.
    ///   - begin: opens the merge of the whole listings, one reader a side (nil for a side without a store), in the order
    ///     that it is told. What an earlier one has counted counts no more.
    /// - Throws: `ListingDisorder` of a side that is in no order, however it is read; what the merge throws.
    public func read<Merge: RangeMerge>(
        orders known: [KeyOrder], learn: (ListingDisorder, KeyOrder?) async throws -> Void,
        begin: ([(any PageReader)?], KeyOrder) async throws -> Merge
    ) async throws {
        var orders = known.map(Optional.some)
        // Each side can turn out to be in another order, and then in none.
        var chances = 2 * sides.count
        while true {
            do {
                let order = common(orders)
                var merge = try await begin(whole(orders, mergedIn: order), order)
                // Only listings in the order of bytes can be taken up in the middle.
                return try await readAll(&merge, maySplit: orders.allSatisfy { $0 == .bytes })
            } catch let disorder as ListingDisorder {
                guard chances > 0 else { throw disorder }
                chances -= 1
                let next: KeyOrder? = orders[disorder.side] == .bytes ? disorder.likely : nil
                orders[disorder.side] = next
                try await learn(disorder, next)
            }
        }
    }

    /// The order in which sides with these orders are merged: their own where it is the same one, else that of bytes.
    private func common(_ orders: [KeyOrder?]) -> KeyOrder {
        // A side without a listing is in the order of bytes, and cannot be read in another.
        guard let first = orders.first, orders.allSatisfy({ $0 == first }) else { return .bytes }
        return first ?? .bytes
    }

    private func whole(_ orders: [KeyOrder?], mergedIn order: KeyOrder) -> [(any PageReader)?] {
        sides.indices.map { index in
            guard let store = sides[index].store else { return nil }
            var reader = paced(store.listing(after: nil, through: nil))
            if let own = orders[index] {
                reader = OrderedPages(reader, store: sides[index].name, side: index, order: own)
            }
            if orders[index] == order { return reader }
            return SortedPages(reader, store: sides[index].name, surroundings)
        }
    }

    /// A reader for each side, of one range.
    func pages(in range: RangeQueue.Range) -> [(any PageReader)?] {
        sides.indices.map { index in
            guard let store = sides[index].store else { return nil }
            return OrderedPages(
                paced(store.listing(after: range.after, through: range.through)), store: sides[index].name,
                side: index, order: .bytes, after: store.fullKey(range.after))
        }
    }

    private func paced(_ reader: any PageReader) -> any PageReader {
        guard let goOn = pace.goOn else { return reader }
        return PacedPages(reader, goOn)
    }
}

/// Pages that are worked at once somebody lets them be.
private final class PacedPages: PageReader {
    private let reader: any PageReader
    private let goOn: @Sendable () async throws -> Void

    init(_ reader: any PageReader, _ goOn: @escaping @Sendable () async throws -> Void) {
        (self.reader, self.goOn) = (reader, goOn)
    }

    func next() async throws -> ListingPage? {
        let page = try await reader.next()
        try await goOn()
        return page
    }

    func bound(through last: ObjectKey) { reader.bound(through: last) }
}
