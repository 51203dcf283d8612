import AndroidPackage
import ObjectModel
import Reactor
import Stores

/// An object read by ranges, all of one version of it.
struct StoredPackage: PackageSource {
    let store: any ReadableStore
    let key: ObjectKey
    let etag: ETag
    let size: Int64

    func read(_ range: Range<Int64>) async throws -> [UInt8] {
        guard !range.isEmpty else { return [] }
        return try await ByteRing.lend { ring in
            let bytes = Collected(capacity: range.count)
            unsafe ring.tap = { unsafe bytes.append($0) }
            let feed = try await store.open(
                key, ifMatch: etag, range: range.lowerBound...(range.upperBound - 1), into: ring)
            defer { feed.close() }
            ring.discardBytes()
            try await feed.awaitEnd()
            guard bytes.all.count == range.count else {
                throw ShortRange(key: key, wanted: range.count, given: bytes.all.count)
            }
            return bytes.all
        }
    }

    /// A server that answers a range with another number of bytes.
    struct ShortRange: Error, CustomStringConvertible {
        let key: ObjectKey
        let wanted: Int
        let given: Int

        var description: String { "A range of \(wanted) bytes of \(key) was answered with \(given) bytes." }
    }
}

/// Confined to the ring's reactor.
private final class Collected {
    private(set) var all: [UInt8] = []

    init(capacity: Int) { all.reserveCapacity(capacity) }

    func append(_ bytes: UnsafeRawBufferPointer) { unsafe all.append(contentsOf: bytes) }
}
