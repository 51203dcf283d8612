import Journal
public import ObjectModel
public import S3
public import Stores

/// A listing sorted by bytes in a temporary table on disk: read to its end first, then given page by page.
public final class SortedPages: PageReader {
    private let spill: SortedSpill

    /// Reads all of `reader`. A listing that begins a page with a key that has begun one before goes in circles.
    public init(_ reader: any PageReader, store: String) async throws {
        spill = try await SortedSpill.open()
        var beginnings: Set<ObjectKey> = []
        while let page = try await reader.next() {
            guard page.count > 0 else { continue }
            guard beginnings.insert(page.key(at: 0)).inserted else {
                throw CircularListing(store: store, key: page.key(at: 0))
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
    public func bound(through last: ObjectKey) {}

    public func next() async throws -> ListingPage? {
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
