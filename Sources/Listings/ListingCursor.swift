public import ObjectModel
public import Stores

/// One side of a merge: where it stands in its pages.
public struct ListingCursor {
    private let reader: any PageReader
    public private(set) var page: ListingPage?
    public private(set) var index = 0
    /// Bytes of the prefix that every key begins with.
    public let prefixLength: Int
    public private(set) var objects = 0
    public private(set) var bytes: Int64 = 0
    /// Pages read so far.
    public private(set) var pages = 0

    public init(_ reader: any PageReader, prefixLength: Int) {
        self.reader = reader
        self.prefixLength = prefixLength
    }

    /// Goes to the first key; must be called once before the others.
    public mutating func start() async throws {
        try await turnPage()
    }

    public var isAtEnd: Bool { page == nil }

    public mutating func advance() async throws {
        guard let page else { return }
        objects += 1
        bytes += page.size(at: index)
        index += 1
        if index == page.count { try await turnPage() }
    }

    /// As `advance` where the page goes on; false, and nothing is done, where it ends. For the loop that must not
    /// suspend.
    public mutating func advanceWithinPage() -> Bool {
        guard let page, index + 1 < page.count else { return false }
        objects += 1
        bytes += page.size(at: index)
        index += 1
        return true
    }

    /// Passes `count` keys, behind which the page must go on.
    public mutating func advanceWithinPage(by count: Int) {
        guard count > 0, let page else { return }
        objects += count
        bytes += page.totalSize(of: index..<(index + count))
        index += count
    }

    private mutating func turnPage() async throws {
        index = 0
        repeat { page = try await reader.next() } while page?.count == 0
        pages += 1
    }

    /// The last key of the page it stands in, without the prefix; nil at the end.
    public var pageEnd: ObjectKey? {
        page.map { $0.key(at: $0.count - 1).droppingFirst(prefixLength) }
    }

    /// Lets the listing end with `last`, which must not be before `pageEnd`.
    public func bound(through last: ObjectKey) { reader.bound(through: last) }

    /// The key without the prefix. There must be one.
    public func key(of page: ListingPage) -> ObjectKey {
        page.key(at: index).droppingFirst(prefixLength)
    }
}
