import Digests
import ObjectModel
import Reactor
import Stores

/// What reading all bytes of one object told.
struct Content: Sendable {
    /// As the answer that brought the bytes said.
    var info: ObjectInfo
    var sha256: String
    var md5: String
    /// Whether the bytes are those of the server's own ETag; nil where that cannot be told.
    var matchesETag: Bool?
    /// The composite ETags of the bytes, under each cut that was asked for.
    var composites: [ETag]
}

/// Reads objects whole and hashes them in one pass: SHA-256, MD5, and the composite ETag of each cut that is asked for.
struct ContentReader: Sendable {
    let store: any ReadableStore

    /// - Parameters:
    ///   - etag: what the object is expected to have; another one throws an `StoreError` of the kind `preconditionFailed`.
    ///   - cuts: layouts of other places, under which the composite ETag is wanted too.
    ///   - tap: checks the bytes of an APK as they pass.
    func read(
        _ key: ObjectKey, etag: ETag, size: Int64, cuts: [PartLayout] = [], tap: PackageTap? = nil
    ) async throws -> Content {
        let own = try await self.cuts(key, etag, size)
        let hashers = ContentHashers(layouts: own.layouts + cuts)
        return try await ByteRing.lend { ring in
            unsafe ring.tap = { bytes in
                unsafe hashers.update(bytes)
                unsafe tap?.update(bytes)
            }
            let feed = try await store.open(key, ifMatch: etag, range: nil, into: ring)
            defer { feed.close() }
            ring.discardBytes()
            try await feed.awaitEnd()
            let digests = hashers.finish()
            let composites = Array(digests.composites.dropFirst(own.layouts.count))
            let ownComposites = digests.composites.prefix(own.layouts.count)
            var matches: Bool?
            // Of an encrypted object nothing can be told: its ETag may only look like a digest.
            switch feed.info.etag {
            case .md5(let digest):
                matches = digest == digests.md5
                if feed.info.isEncrypted, matches == false { matches = nil }
            case .composite:
                matches = ownComposites.contains(feed.info.etag)
                if matches == false, !own.areCertain || feed.info.isEncrypted { matches = nil }
            case .opaque: break
            }
            return Content(
                info: feed.info, sha256: digests.sha256.hexadecimal, md5: digests.md5.hexadecimal,
                matchesETag: matches, composites: composites)
        }
    }

    /// The cuts that an object with this ETag may have on its server; none where it has not been cut.
    func cuts(_ key: ObjectKey, _ etag: ETag, _ size: Int64) async throws -> PartCuts {
        guard case .composite(_, let parts) = etag else { return PartCuts(layouts: [], areCertain: false) }
        var cuts = try await store.partCuts(of: key, size: size, parts: parts, believesUniform: true)
        // Each has all bytes hashed once more.
        cuts.layouts = Array(cuts.layouts.prefix(3))
        return cuts
    }
}

/// All digests of one pass. Confined to the ring's reactor.
private final class ContentHashers {
    struct Digests {
        var md5: MD5Digest
        var sha256: SHA256Digest
        var composites: [ETag]
    }

    private var sha256 = SHA256Hasher()
    private var md5 = MD5Hasher()
    private let parts: [CompositeHasher]

    init(layouts: [PartLayout]) {
        parts = layouts.map { CompositeHasher($0) }
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe sha256.update(bytes)
        unsafe md5.update(bytes)
        for each in parts { unsafe each.update(bytes) }
    }

    func finish() -> Digests {
        Digests(md5: md5.finish(), sha256: sha256.finish(), composites: parts.map { $0.finish() })
    }
}

/// An `ETagHasher` that an array can hold.
private final class CompositeHasher {
    private var hasher: ETagHasher

    init(_ layout: PartLayout) {
        hasher = ETagHasher(layout: layout)
    }

    func update(_ bytes: UnsafeRawBufferPointer) { unsafe hasher.update(bytes) }

    func finish() -> ETag { hasher.finish() }
}
