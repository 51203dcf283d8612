import Digests
import Journal
import ObjectModel
import Reactor
import Runtime
import Stores

extension ObjectCopier {
    /// Parts of one object that are moved at once.
    static let partsAtOnce = 4
    /// Likely cuts that are tried before an object is cut as it suits us: each may cost an upload.
    private static let cutsTried = 4

    /// Copies an object by multipart upload.
    ///
    /// `parts` is the number in the source's composite ETag; nil for an object that is merely too large for one PUT.
    /// The source's own cut is tried first, then the likely ones, and a wrong guess is found out before anything is
    /// completed. Where none fits, the parts are hashed on their way and the journal remembers the pair.
    func copyInParts(
        _ key: ObjectKey, _ expected: ObjectState, replacing existing: ObjectState?, parts: Int?
    ) async throws -> Copied {
        if let parts {
            let cuts = try await source.partCuts(of: key, size: expected.size, parts: parts, believesUniform: false)
            for layout in cuts.layouts.prefix(Self.cutsTried) {
                if let copied = try await copyInParts(key, expected, existing, layout, hashing: false) {
                    return copied
                }
            }
            if cuts.areCertain {
                throw ObjectFailure.corruptSource(
                    "The bytes of \(key) that \(source.name) sent do not have the ETag \(expected.etag) in the parts that "
                        + "it tells of; they were damaged on its disk or on the way.")
            }
        }
        let own = PartLayout.own(size: expected.size, unit: partUnit)
        guard let copied = try await copyInParts(key, expected, existing, own, hashing: true) else {
            throw ObjectFailure.notProven(
                "The parts of \(key) that \(target.name) stored do not add up to what \(source.name) sent.")
        }
        return copied
    }

    /// One upload with one layout; nil if the parts' ETags show that the layout is not the source's.
    private func copyInParts(
        _ key: ObjectKey, _ expected: ObjectState, _ existing: ObjectState?, _ layout: PartLayout, hashing: Bool
    ) async throws -> Copied? {
        guard let info = try await source.head(key) else { throw ObjectFailure.changed }
        let state = try accept(info, expected)
        let headers = try await completeHeaders(key, info)
        let upload = try await openUpload(key, state, layout, headers)
        do {
            let parts = try await sendParts(key, state, layout, upload, hashing: hashing)
            let computed = ETagHasher.composite(of: parts.map(\.etag))
            if !hashing, let computed, computed != state.etag {
                let isGone = await abandon(upload, key)
                if upload.isResumed, isGone {
                    // Stored by an earlier process: perhaps from other bytes.
                    return try await copyInParts(key, expected, existing, layout, hashing: hashing)
                }
                return nil
            }
            if hashing { try await vouch(key, state, layout, computed) }
            let wanted = computed ?? state.etag
            let (result, isSeen) = try await complete(key, upload, parts, expecting: wanted) {
                // What the target had before shows the same ETag, whatever bytes it has now.
                guard existing?.etag == wanted else { return true }
                return try await self.hash(key, of: self.target, layout: layout).etag == wanted
            }
            if isSeen {
                // Perhaps another's: then this upload is still there, and its Complete may yet come.
                await abandon(upload, key)
            } else {
                await journal.endUpload(upload.record)
            }
            var copied = try await prove(
                key, state, headers, result, computed: hashing ? computed : nil, layout: layout)
            // Whoever completed it, its headers may be others.
            copied.outcome.isResumed = upload.isResumed || isSeen
            return copied
        } catch {
            let failure = ObjectFailure(error)
            // Parts that arrived are worth keeping where the next try or run may go on with them.
            if !failure.isTransient || upload.record == nil || isChange(failure) { await abandon(upload, key) }
            throw error
        }
    }

    /// Reads the source once more and throws unless it gives the same bytes: where its ETag can't be reproduced, nothing
    /// else tells that they were not damaged on the way.
    private func vouch(_ key: ObjectKey, _ state: ObjectState, _ layout: PartLayout, _ computed: ETag?) async throws {
        guard let computed else { return }
        let read = try await budget.with(Self.relayBytes) {
            try await hash(key, of: source, ifMatch: state.etag, layout: layout)
        }
        guard read.etag == computed else {
            throw ObjectFailure.notProven(
                "\(source.name) gave different bytes of \(key) in two readings; they are damaged on its disk or on the "
                    + "way.")
        }
    }

    private func isChange(_ failure: ObjectFailure) -> Bool {
        if case .changed = failure { return true }
        if case .notProven = failure { return true }
        return false
    }

    // MARK: The upload

    struct OpenUpload: Sendable {
        let id: String
        let record: UploadRecord?
        /// Parts that an earlier try or process sent.
        let present: [StoredPart]
        var isResumed: Bool { !present.isEmpty }
    }

    private func openUpload(
        _ key: ObjectKey, _ state: ObjectState, _ layout: PartLayout, _ headers: ObjectHeaders
    ) async throws -> OpenUpload {
        if let resumed = try await resumeUpload(key, state, layout) { return resumed }
        let record = await journal.beginUpload(
            key, sourceETag: state.etag, sourceSize: state.size, partSizes: layout.sizes)
        do {
            let id = try await target.createUpload(key, headers: headers)
            await journal.setUploadID(id, of: record)
            return OpenUpload(id: id, record: record, present: [])
        } catch {
            // Refused outright: nothing was begun. An answer that was lost, or that nobody waited for until it came, may hide
            // an upload; the record finds it later.
            if error.wasAnswered, !error.isTransient { await journal.endUpload(record) }
            throw error
        }
    }

    private func resumeUpload(
        _ key: ObjectKey, _ state: ObjectState, _ layout: PartLayout
    ) async throws -> OpenUpload? {
        guard let record = await journal.upload(of: key) else { return nil }
        guard let id = record.uploadID, record.sourceETag == state.etag, record.sourceSize == state.size,
            record.partSizes == layout.sizes
        else {
            try await UploadSweeper(target: target, journal: journal).abandon(record)
            return nil
        }
        let stored: [StoredPart]
        do throws(StoreError) {
            stored = try await target.listParts(key, upload: id)
        } catch {
            switch error.kind {
            case .noSuchUpload, .noSuchKey: await journal.endUpload(record)
            case .unreachable, .untrusted, .timedOut, .interrupted, .slowDown, .cancelled: throw error
            // This server does not tell what is there: it is given up and sent anew.
            default: try await UploadSweeper(target: target, journal: journal).abandon(record)
            }
            return nil
        }
        let present = stored.filter {
            (1...layout.count).contains($0.number) && $0.size == layout.sizes[$0.number - 1]
        }
        return OpenUpload(id: id, record: record, present: present)
    }

    /// Ends the upload even where this task is cancelled; one that can't be ended now is tried again after the run. Whether
    /// it is ended.
    @discardableResult
    private func abandon(_ upload: OpenUpload, _ key: ObjectKey) async -> Bool {
        let body: @Sendable () async -> Bool = {
            do throws(StoreError) {
                try await target.abortUpload(key, upload: upload.id)
                await journal.endUpload(upload.record)
                return true
            } catch {
                journal.noteLeftover(key, upload.id)
                return false
            }
        }
        return await Task(executorPreference: executor, operation: body).value
    }

    // MARK: The parts

    private func sendParts(
        _ key: ObjectKey, _ state: ObjectState, _ layout: PartLayout, _ upload: OpenUpload, hashing: Bool
    ) async throws -> [StoredPart] {
        let ranges = layout.ranges
        var parts = upload.present
        let present = Set(parts.map(\.number))
        var waiting = (1...layout.count).filter { !present.contains($0) }.makeIterator()
        try await withThrowingTaskGroup(of: StoredPart.self) { group in
            func addNext() {
                guard let number = waiting.next() else { return }
                let range = ranges[number - 1]
                let size = layout.sizes[number - 1]
                group.addTask {
                    try await sendPart(key, state, upload.id, number: number, range, size, hashing: hashing)
                }
            }
            for _ in 0..<Self.partsAtOnce { addNext() }
            while let part = try await group.next() {
                parts.append(part)
                addNext()
            }
        }
        return parts.sorted { $0.number < $1.number }
    }

    private func sendPart(
        _ key: ObjectKey, _ state: ObjectState, _ upload: String, number: Int, _ range: ClosedRange<Int64>,
        _ size: Int64, hashing: Bool
    ) async throws -> StoredPart {
        try await budget.with(Self.relayBytes) {
            try await target.withWritePlace {
                try await ByteRing.lend { ring in
                    let tap = hashing ? HashTap(layout: nil) : nil
                    tap?.connect(to: ring)
                    // One part of everything, an empty object among them, is read without a range.
                    let feed = try await source.open(
                        key, ifMatch: state.etag, range: size == state.size ? nil : range, into: ring)
                    defer { feed.close() }
                    _ = try accept(feed.info, state)
                    guard feed.info.contentLength == size else {
                        throw ObjectFailure.impossible(
                            "\(source.name) answers a range of \(key) with \(feed.info.contentLength) bytes, "
                                + "not \(size); it can't be read in parts.")
                    }
                    let etag = try await target.uploadPart(
                        key, upload: upload, number: number, from: ring, length: size, contentMD5: nil, feed: feed)
                    if let computed = tap?.finish(), etag.isMD5, etag != computed {
                        throw ObjectFailure.notProven(
                            "\(target.name) stored part \(number) of \(key) with the MD5 \(etag), not \(computed).")
                    }
                    return StoredPart(number: number, etag: etag, size: size)
                }
            }
        }
    }

    /// Completes the upload. When the answer is lost, the object itself tells whether it was done: by its ETag, if it did not
    /// have that before, else by its bytes, as `isProof` says.
    private func complete(
        _ key: ObjectKey, _ upload: OpenUpload, _ parts: [StoredPart], expecting expected: ETag,
        isProof: () async throws -> Bool
    ) async throws -> (etag: ETag, isSeen: Bool) {
        var attempt = 0
        while true {
            let failure: StoreError
            do throws(StoreError) {
                return (try await target.completeUpload(key, upload: upload.id, parts: parts).etag, false)
            } catch {
                failure = error
            }
            guard failure.isTransient || failure.kind == .noSuchUpload else { throw failure }
            if let info = try await target.head(key), info.etag == expected, try await isProof() {
                return (info.etag, true)
            }
            if attempt == 3 || failure.kind == .noSuchUpload { throw failure }
            await surroundings.time.sleep(for: .milliseconds(200 << attempt))
            attempt += 1
        }
    }
}
