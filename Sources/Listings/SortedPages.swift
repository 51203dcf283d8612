public import ObjectModel
public import Runtime
import Scratch
public import Stores

/// A listing sorted by bytes in a temporary table on disk: read to its end first, then given page by page.
public final class SortedPages: PageReader {
    private let spill: SortedSpill

    /// Reads all of `reader`. A listing that begins a page with a key that has begun one before goes in circles.
    ///
    /// - Parameter surroundings: where the table's work blocks.
    public init(_ reader: any PageReader, store: String, _ surroundings: Surroundings) async throws {
        spill = try await SortedSpill.open(executor: surroundings.blocking("sorted-spill"))
        var beginnings: Set<ObjectKey> = []
        while let page = try await reader.next() {
            guard page.count > 0 else { continue }
            guard beginnings.insert(page.key(at: 0)).inserted else {
                throw CircularListing(store: store, key: page.key(at: 0))
            }
            try await spill.append(
                (0..<page.count).map { ListedObject(key: page.key(at: $0), state: page.state(at: $0)) })
        }
    }

    /// A sorted listing is read already; it is never split.
    public func bound(through last: ObjectKey) {}

    public func next() async throws -> ListingPage? {
        let entries = try await spill.next(limit: 1000)
        guard !entries.isEmpty else { return nil }
        return ListingPage(entries)
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
