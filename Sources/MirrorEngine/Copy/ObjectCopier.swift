import Digests
import Journal
import ObjectModel
import Reactor
import Runtime
import Stores

/// Copies one object and proves that it arrived. Stateless: everything about the object is in the arguments.
struct ObjectCopier: Sendable {
    let source: any ObjectStore
    let target: any ObjectStore
    let journal: MirrorJournal
    let budget: ByteBudget
    let trash: ObjectKey?
    /// See `MirrorOptions`.
    let heldLimit: Int
    let partUnit: Int64
    /// What the target's listing is known to make of ETags.
    let listingTrust: ListingTrust
    /// Tells people about what was found and mended.
    let notice: @Sendable (String) -> Void
    /// When the run began, in the source's clock: what was modified since may have been modified again meanwhile.
    let runStart: Timestamp
    /// Whether a change of headers during a copy is told or found anyway, so that no second look is needed.
    let isWatching: Bool
    let surroundings: Surroundings
    /// Where work goes on that outlives the task which began it.
    let executor: any TaskExecutor

    /// Up to here an object is held and sent in one piece, unless the options say otherwise.
    static let heldLimit = 64 << 10
    /// What one relay takes of the budget: ring, receive and upload buffers.
    static let relayBytes = 2 << 20

    /// What was copied.
    struct Outcome: Sendable {
        /// As the answer that brought the bytes said, which may be newer than what was decided on.
        var state: ObjectState
        var targetETag: ETag
        /// Known where the target's listing or a reading back told.
        var targetLastModified: Timestamp?
        /// What the copy was given besides its bytes.
        var headers: ObjectHeaders
        /// Whether the headers may be others: those of an upload that an earlier try began, or of an object that was seen
        /// where an answer was lost.
        var isResumed = false
    }

    /// Makes the target's `key` the source's object, which is expected to be `expected`.
    ///
    /// Throws `ObjectFailure.changed` where it is another one by now.
    func copy(_ key: ObjectKey, expected: ObjectState, replacing existing: ObjectState?) async throws -> Outcome {
        if let existing, let trash { try await target.keep(key, size: existing.size, under: trash) }
        let began = surroundings.time.now()
        var copied = try await transfer(key, expected, replacing: existing)
        if let listed = try await listedOtherwise(key, copied.outcome.targetETag) {
            copied.outcome.targetETag = listed.etag
            copied.outcome.targetLastModified = listed.lastModified
            copied.isPair = true
        }
        if copied.isPair || !isWatching && isFresh(copied.outcome.state, began: began) {
            try await confirm(key, copied.outcome)
        }
        return copied.outcome
    }

    /// A transfer that ended with a proof.
    struct Copied {
        var outcome: Outcome
        /// The ETags differ although the bytes are the same.
        var isPair: Bool
    }

    private func transfer(
        _ key: ObjectKey, _ expected: ObjectState, replacing existing: ObjectState?
    ) async throws -> Copied {
        if case .composite(_, let parts) = expected.etag {
            return try await copyInParts(key, expected, replacing: existing, parts: parts)
        }
        if expected.size > target.capabilities.largestWrite {
            return try await copyInParts(key, expected, replacing: existing, parts: nil)
        }
        do {
            return try await copyWhole(key, expected, promise: expected.etag.md5)
        } catch let error as StoreError where error.kind == .digestMismatch {
            return try await copyVerified(key, expected)
        } catch ObjectFailure.notProven {
            return try await copyVerified(key, expected)
        }
    }

    private func copyWhole(_ key: ObjectKey, _ expected: ObjectState, promise: MD5Digest?) async throws -> Copied {
        if expected.size <= heldLimit {
            return try await budget.with(heldLimit) { try await copyHeld(key, expected, promise: promise) }
        }
        return try await budget.with(Self.relayBytes) { try await copyRelayed(key, expected, promise: promise) }
    }

    /// After the bytes did not arrive as the source's ETag promised: either they were damaged on the way, or the ETag is
    /// no MD5. The source is read once more, to nowhere, to tell which; nothing is written that nobody vouches for.
    @inline(never)
    private func copyVerified(_ key: ObjectKey, _ expected: ObjectState) async throws -> Copied {
        notice(
            "\(source.fullKey(key)) did not arrive at \(target.name) as its ETag promises; \(source.name) is read again."
        )
        let read = try await budget.with(Self.relayBytes) {
            try await hash(key, of: source, ifMatch: expected.etag, layout: nil)
        }
        let state = try accept(read.info, expected)
        guard state.etag.isMD5, read.etag != state.etag, !read.info.isEncrypted else {
            return try await copyWhole(key, expected, promise: read.etag.md5)
        }
        throw ObjectFailure.corruptSource(
            "\(source.name) sent bytes of \(key) with the MD5 \(read.etag), but its ETag is \(state.etag); they were "
                + "damaged on its disk or on the way.")
    }

    // MARK: In one piece

    @inline(never)
    private func copyHeld(_ key: ObjectKey, _ expected: ObjectState, promise: MD5Digest?) async throws -> Copied {
        let (info, block) = try await source.read(key, ifMatch: expected.etag, limit: heldLimit)
        let state = try accept(info, expected)
        let headers = try await completeHeaders(key, info)
        let digest = unsafe promise ?? block.withBytes { unsafe MD5Hasher.digest($0) }
        let result = try await target.write(key, headers: headers, body: block, contentMD5: digest)
        return try await prove(key, state, headers, result.etag, computed: .md5(digest), layout: nil)
    }

    // MARK: Relayed

    @inline(never)
    private func copyRelayed(_ key: ObjectKey, _ expected: ObjectState, promise: MD5Digest?) async throws -> Copied {
        try await target.withWritePlace {
            try await ByteRing.lend { ring in
                let tap = promise == nil ? HashTap(layout: nil) : nil
                tap?.connect(to: ring)
                let feed = try await source.open(key, ifMatch: expected.etag, range: nil, into: ring)
                defer { feed.close() }
                let state = try accept(feed.info, expected)
                let headers = try await completeHeaders(key, feed.info)
                let result = try await target.write(
                    key, headers: headers, from: ring, length: state.size, contentMD5: promise, feed: feed)
                let computed = tap?.finish() ?? promise.map(ETag.md5)
                return try await prove(key, state, headers, result.etag, computed: computed, layout: nil)
            }
        }
    }

    // MARK: Checks

    /// What the answer that brings the bytes says of them; throws if they are not those that were decided on.
    func accept(_ info: ObjectInfo, _ expected: ObjectState) throws -> ObjectState {
        var state = ObjectState(info)
        // A server that ignores If-Match, or gives no ETags to match.
        guard state.etag == expected.etag else { throw ObjectFailure.changed }
        guard state.size == expected.size else { throw wrongLength(state, expected) }
        if state.etag.isAbsent, state.lastModified.seconds != expected.lastModified.seconds {
            throw ObjectFailure.changed
        }
        // The listing's date may have milliseconds, which a header lacks.
        if state.lastModified.seconds == expected.lastModified.seconds { state.lastModified = expected.lastModified }
        state.storageClass = expected.storageClass ?? state.storageClass
        return state
    }

    /// Without an ETag it is taken for another object; with the same one, somebody is wrong about this one.
    private func wrongLength(_ state: ObjectState, _ expected: ObjectState) -> ObjectFailure {
        guard !state.etag.isAbsent else { return .changed }
        return .wrongLength(
            "\(source.name) gives \(state.size) bytes of this object where it told of \(expected.size), under the same "
                + "ETag: its answer was cut on the way, or its listing is wrong.")
    }

    /// The headers to give the copy, tags included where there are any.
    func completeHeaders(_ key: ObjectKey, _ info: ObjectInfo) async throws -> ObjectHeaders {
        var headers = info.headers
        if info.tagCount ?? 0 > 0 { headers.setTags(try await source.tags(of: key)) }
        return headers
    }

    /// Ends a transfer with a proof, reading back what the target's ETag does not tell.
    func prove(
        _ key: ObjectKey, _ state: ObjectState, _ headers: ObjectHeaders, _ result: ETag, computed: ETag?,
        layout: PartLayout?
    ) async throws -> Copied {
        var outcome = Outcome(state: state, targetETag: result, headers: headers)
        switch Proof.of(source: state.etag, target: result, computed: computed) {
        case .proven(let isPair): return Copied(outcome: outcome, isPair: isPair)
        case .needsReading: break
        }
        let (wanted, cut): (ETag, PartLayout?) =
            computed.map { ($0, $0.isMD5 ? nil : layout) } ?? (state.etag, state.etag.isMD5 ? nil : layout)
        let stored = try await hash(key, of: target, layout: cut)
        guard stored.etag == wanted else {
            throw ObjectFailure.notProven(
                "\(target.name) holds other bytes of \(key) than \(source.name): the ETag of what it gives back is "
                    + "\(stored.etag), not \(wanted); the copy is not trusted.")
        }
        outcome.targetETag = stored.info.etag
        outcome.targetLastModified = stored.info.lastModified
        return Copied(outcome: outcome, isPair: true)
    }

    /// What the target's listing shows for what was just written as `etag`; nil where its ETag is the same.
    ///
    /// Some servers answer a PUT with an ETag that they do not keep (JuiceFS without `--keep-etag`). Each kind of ETag is
    /// looked at once a run; only a target that shows others is asked every time.
    private func listedOtherwise(_ key: ObjectKey, _ etag: ETag) async throws -> ObjectState? {
        guard journal.isKept, listingTrust.mustLook(at: etag) else { return nil }
        guard let listed = try await target.listed(key) else { return nil }
        listingTrust.learn(etag, isListed: listed.etag == etag)
        return listed.etag == etag && !etag.isAbsent ? nil : listed
    }

    /// Remembers a pair that two listings will not show to be the same, or that an earlier date makes doubtful: after
    /// looking at the source once more, so that a change of headers during the copy is not taken for seen.
    private func confirm(_ key: ObjectKey, _ outcome: Outcome) async throws {
        guard journal.isKept else { return }
        guard let info = try await source.head(key), info.etag == outcome.state.etag,
            info.lastModified?.seconds == outcome.state.lastModified.seconds
        else { throw ObjectFailure.changed }
        await journal.remember(
            ProvenPair(
                key: key, sourceETag: outcome.state.etag, sourceLastModified: outcome.state.lastModified,
                sourceSize: outcome.state.size, targetETag: outcome.targetETag,
                targetLastModified: outcome.targetLastModified))
    }

    /// Whether the source's object is so new, or its copy took so long, that its headers may have changed meanwhile.
    private func isFresh(_ state: ObjectState, began: Int64) -> Bool {
        state.lastModified.seconds >= runStart.seconds - 1
            || surroundings.time.now() - began > 1_000_000_000
    }
}

extension ETag {
    /// The MD5 that it is, if it is one.
    var md5: MD5Digest? {
        if case .md5(let digest) = self { return digest }
        return nil
    }

    var isMD5: Bool { md5 != nil }
}
