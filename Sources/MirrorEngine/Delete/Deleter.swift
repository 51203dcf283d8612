import Journal
import ObjectModel
import Runtime
import Scratch
import Stores

/// Deletes from the target what only the target has, when there is no doubt about it.
///
/// Runs after both listings were read to their ends in order. Every key's absence is confirmed by the source itself,
/// and that the source's bucket is still there is confirmed afterwards: a 404 of a HEAD may mean that it is gone.
struct Deleter: Sendable {
    private let run: MirrorRun
    private var work: MirrorWork { run.work }
    private let deletion: Deletion

    init(_ run: MirrorRun) {
        self.run = run
        deletion = Deletion(
            source: run.work.source, target: run.work.target, options: run.work.options, asksForEmptySource: false)
    }

    func run() async throws {
        let count = await run.extras.count
        guard work.options.removes else { return }
        let objection = work.tally.withLock { tally in
            work.options.deletionGuard.objection(
                deletions: count, targetObjects: tally.listedTarget.objects,
                sourceObjects: tally.summary.source.objects)?.description
        }
        if let objection {
            work.tally.withLock { $0.summary.objection = objection }
            work.noteGuard(objection)
            // What would go is what there is to look at.
            guard work.options.isDryRun else { return }
        }
        while !run.isInterrupted {
            let extras = try await run.extras.next(limit: work.target.capabilities.deletesAtOnce).map(
                Extra.init(spilled:))
            guard !extras.isEmpty else { return }
            try await delete(extras)
        }
    }

    private func delete(_ extras: [Extra]) async throws {
        let began = work.time.now()
        let shadows = work.tally.withLock { $0.shadows }
        let candidates = extras.filter { shadows[$0.key] == nil }.map {
            Deletion.Candidate(extra: $0, isRemoval: false)
        }
        // How many and of how many was measured once, for the whole run.
        let report = await deletion.delete(candidates) { due throws(ObjectFailure) in
            for (key, info) in due.present where isOmission(key, info) {
                throw .impossible(
                    "The listing of \(work.source.name) lacks \(key), which has been there for longer: it cannot be "
                        + "trusted, so nothing more is deleted and the run is not complete.")
            }
            return nil
        }
        for case .failure(let failure) in report.results where failure.endsDeletions { throw failure }
        for (candidate, result) in zip(candidates, report.results) {
            switch result {
            case .success(.deleted), .success(.planned): noteDone(candidate.extra, began)
            case .success(.held): break
            // It came to the source after that was listed: what the target has may be another version of it.
            case .success(.present): await run.settleAlone(candidate.extra.key)
            case .failure(let failure):
                run.fail(Job(key: candidate.extra.key, decision: .extra), failure, began: began)
            }
        }
    }

    private func noteDone(_ extra: Extra, _ began: Int64) {
        work.tally.withLock { tally in
            tally.summary.deleted += 1
            if !work.options.isDryRun { tally.target.remove(extra.size, listing: tally.target.number, began: 0) }
        }
        report(extra, work.options.isDryRun ? .planned : .ok, began)
    }

    /// A key that a HEAD finds and that was there before the listing was read should have been in it. Keys that servers
    /// know by several names are not judged.
    private func isOmission(_ key: ObjectKey, _ info: ObjectInfo) -> Bool {
        let start = work.settings.withLock { $0.start }
        guard let modified = info.lastModified else { return false }
        return modified.seconds + 5 < start.seconds && !KeyAliases.isDoubtful(key)
    }

    private func report(_ extra: Extra, _ status: ObjectReport.Status, _ began: Int64) {
        work.report(
            ObjectReport(
                action: .delete, key: work.source.fullKey(extra.key), size: extra.size, etag: nil, status: status,
                reason: .extra, error: nil, seconds: Double(work.time.now() - began) / 1e9))
    }
}

/// An object that only the target has, as far as the listings tell.
struct Extra: Hashable, Sendable {
    let key: ObjectKey
    /// In bytes.
    let size: Int64

    init(key: ObjectKey, size: Int64) {
        self.key = key
        self.size = size
    }

    /// From the form in which it waits in a `KeySpill`: eight bytes of the size, then the key.
    init(spilled: ObjectKey) {
        size = spilled.bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
        key = spilled.droppingFirst(8)
    }

    var spilled: ObjectKey {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * Int64($0))) }
        return ObjectKey(bytes: bytes + key.bytes)
    }
}

extension ObjectFailure {
    /// Whether nothing more may be deleted: the source's bucket is gone, or its listing can't be trusted.
    fileprivate var endsDeletions: Bool {
        switch self {
        case .bucketGone, .impossible: true
        default: false
        }
    }
}
