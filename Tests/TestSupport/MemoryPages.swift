public import ObjectModel
public import Runtime
public import Stores

/// A listing in memory.
public final class MemoryPages: PageReader {
    private var pages: [ListingPage]
    private let failure: (any Error)?

    /// `failure` is thrown after the last page, in place of the end.
    public init(_ pages: [[ListedObject]], failure: (any Error)? = nil) {
        self.pages = pages.reversed().map { ListingPage($0) }
        self.failure = failure
    }

    /// Pages of `size` objects.
    public convenience init(_ objects: [ListedObject], size: Int) {
        self.init(
            stride(from: 0, to: objects.count, by: size).map { Array(objects[$0..<min($0 + size, objects.count)]) })
    }

    public func bound(through last: ObjectKey) {}

    public func next() async throws -> ListingPage? {
        if let page = pages.popLast() { return page }
        if let failure { throw failure }
        return nil
    }
}

extension ListedObject {
    /// An object of which the key alone matters.
    public init(_ key: ObjectKey) {
        self.init(key: key, state: ObjectState(size: 1, etag: .absent, lastModified: Timestamp(seconds: 1)))
    }
}

extension PageReader {
    /// All objects to the end, page by page.
    public func allObjects() async throws -> [[ListedObject]] {
        var pages: [[ListedObject]] = []
        while let page = try await next() {
            pages.append((0..<page.count).map { ListedObject(key: page.key(at: $0), state: page.state(at: $0)) })
        }
        return pages
    }
}

extension SeededGenerator {
    /// A key of a few bytes that are likely to meet: folders, bytes on both sides of `/`, both forms of é.
    public mutating func nextKey() -> ObjectKey {
        let pieces: [[UInt8]] = [
            [0x61], [0x62], [0x2F], [0x2F], [0x21], [0x2D], [0x30], [0xC3, 0xA9], [0x65, 0xCC, 0x81], [0x01], [0xFF],
        ]
        let count = Int.random(in: 0...5, using: &self)
        return ObjectKey(bytes: (0..<count).flatMap { _ in pieces.randomElement(using: &self) ?? [] })
    }
}
