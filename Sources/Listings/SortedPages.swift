public import ObjectModel
public import Runtime
import Scratch
public import Stores

/// A listing sorted by bytes in a temporary table on disk: read to its end first, then given page by page.
public final class SortedPages: PageReader {
    private let reader: any PageReader
    private let store: String
    private let surroundings: Surroundings
    /// Nil until the first page is asked for.
    private var spill: SortedSpill?

    /// - Parameter surroundings: where the table's work blocks.
    public init(_ reader: any PageReader, store: String, _ surroundings: Surroundings) {
        self.reader = reader
        self.store = store
        self.surroundings = surroundings
    }

    /// A sorted listing is read already; it is never split.
    public func bound(through last: ObjectKey) {}

    /// The first call reads the whole listing. One that begins a page with a key that has begun one before goes in circles.
    public func next() async throws -> ListingPage? {
        let sorted: SortedSpill
        if let spill { sorted = spill } else { sorted = try await sort() }
        let entries = try await sorted.next(limit: 1000)
        guard !entries.isEmpty else { return nil }
        return ListingPage(entries)
    }

    private func sort() async throws -> SortedSpill {
        let sorted = try await SortedSpill.open(executor: surroundings.blocking("sorted-spill"))
        var beginnings: Set<ObjectKey> = []
        while let page = try await reader.next() {
            guard page.count > 0 else { continue }
            guard beginnings.insert(page.key(at: 0)).inserted else {
                throw CircularListing(store: store, key: page.key(at: 0))
            }
            try await sorted.append(
                (0..<page.count).map { ListedObject(key: page.key(at: $0), state: page.state(at: $0)) })
        }
        spill = sorted
        return sorted
    }
}

/// A listing that gives a page twice and would never end. Prints as one sentence.
public struct CircularListing: Error, CustomStringConvertible {
    /// The place as the user gave it.
    public let store: String
    /// What the page begins with.
    public let key: ObjectKey

    public var description: String {
        "The listing of \(store) goes in circles: it gives the page that begins with \(key) twice."
    }
}
