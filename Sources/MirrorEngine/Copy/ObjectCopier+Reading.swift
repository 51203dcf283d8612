import Digests
import ObjectModel
import Reactor
import Stores

/// Hashes what passes through a ring. Confined to the ring's reactor.
final class HashTap {
    private var hasher: ETagHasher
    private var result: ETag?

    init(layout: PartLayout?) {
        hasher = ETagHasher(layout: layout)
    }

    func connect(to ring: ByteRing) {
        unsafe ring.tap = { unsafe self.hasher.update($0) }
    }

    func finish() -> ETag {
        if let result { return result }
        let etag = hasher.finish()
        result = etag
        return etag
    }
}

extension ObjectCopier {
    /// The ETag that the object's bytes have, read from `store` whole and hashed, cut by `layout`.
    func hash(
        _ key: ObjectKey, of store: any ObjectStore, ifMatch: ETag? = nil, layout: PartLayout?
    ) async throws -> (info: ObjectInfo, etag: ETag) {
        try await ByteRing.lend { ring in
            let tap = HashTap(layout: layout)
            tap.connect(to: ring)
            let feed = try await store.open(key, ifMatch: ifMatch, range: nil, into: ring)
            defer { feed.close() }
            ring.discardBytes()
            try await feed.awaitEnd()
            return (feed.info, tap.finish())
        }
    }

    /// Whether both sides give the same bytes, both read whole. For `--compare=content` and `bytes`.
    func haveEqualContent(_ key: ObjectKey, _ sourceState: ObjectState, _ targetState: ObjectState) async throws -> Bool
    {
        try await budget.with(2 * Self.relayBytes) {
            async let one = hash(key, of: source, ifMatch: sourceState.etag, layout: nil)
            async let other = hash(key, of: target, ifMatch: targetState.etag, layout: nil)
            let (left, right) = try await (one, other)
            return left.etag == right.etag && left.info.size == right.info.size
        }
    }
}
