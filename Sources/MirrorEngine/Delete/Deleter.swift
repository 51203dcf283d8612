import Journal
import ObjectModel
import Runtime
import S3
import Stores

/// Deletes from the target what only the target has, when there is no doubt about it.
///
/// Runs after both listings were read to their ends in order. Every key's absence is confirmed by the source itself,
/// and that the source's bucket is still there is confirmed afterwards: a 404 of a HEAD may mean that it is gone.
struct Deleter: Sendable {
    private let run: MirrorRun
    private var work: MirrorWork { run.work }
    /// A key that the source's listing left out.
    private let omitted = Mutex<ObjectKey?>(nil)
    private static let batch = 1000
    /// HEADs of the source under way at once.
    private static let headsAtOnce = 64

    init(_ run: MirrorRun) {
        self.run = run
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
            let extras = try await run.extras.next(limit: Self.batch).map(Extra.init(spilled:))
            guard !extras.isEmpty else { return }
            try await delete(extras)
        }
    }

    private func delete(_ extras: [Extra]) async throws {
        let began = MonotonicClock.nanoseconds()
        let shadows = work.tally.withLock { $0.shadows }
        var due: [Extra] = []
        let results = await look(at: extras.filter { !shadows.contains($0.key) })
        if let omitted = omitted.withLock({ $0 }) {
            throw ObjectFailure.impossible(
                "The listing of \(work.source.name) lacks \(omitted), which has been there for longer: it cannot be "
                    + "trusted, so nothing more is deleted and the run is not complete.")
        }
        for result in results {
            switch result {
            case .success(let extra?): due.append(extra)
            case .success(nil): break
            case .failure(let failure): run.fail(failure.job, failure.reason, began: began)
            }
        }
        guard !due.isEmpty else { return }
        guard try await work.source.exists() else {
            throw ObjectFailure.bucketGone(
                "The bucket of \(work.source.name) is gone; nothing is deleted from \(work.target.name).")
        }
        guard !work.options.isDryRun else {
            for extra in due { report(extra, .planned, nil, began) }
            work.tally.withLock { $0.summary.deleted += due.count }
            return
        }
        try await keep(&due, began)
        let failures = try await work.target.delete(due.map(\.key))
        let reported = zip(due, failures).filter { $0.1 == nil }.map(\.0.key)
        let survivors = try await DeletionCheck.survivors(of: reported, in: work.target)
        for (extra, failure) in zip(due, failures) {
            if let failure {
                run.fail(Job(key: extra.key, decision: .extra), .server(failure), began: began)
            } else if survivors.contains(extra.key) {
                let failure = DeletionCheck.failure(extra.key, work.target)
                run.fail(Job(key: extra.key, decision: .extra), failure, began: began)
            } else {
                work.tally.withLock { tally in
                    tally.summary.deleted += 1
                    tally.target.remove(extra.size, listing: tally.target.number, began: 0)
                }
                report(extra, .ok, nil, began)
            }
        }
    }

    private struct Failed: Error {
        let job: Job
        let reason: ObjectFailure
    }

    /// For each key: what is to be deleted, nil if nothing, or why that can't be told.
    private func look(at extras: [Extra]) async -> [Result<Extra?, Failed>] {
        await withTaskGroup(of: Result<Extra?, Failed>.self) { group in
            var results: [Result<Extra?, Failed>] = []
            for (index, extra) in extras.enumerated() {
                if index >= Self.headsAtOnce, let result = await group.next() { results.append(result) }
                group.addTask { await look(at: extra) }
            }
            for await result in group { results.append(result) }
            return results
        }
    }

    private func look(at extra: Extra) async -> Result<Extra?, Failed> {
        do throws(S3Error) {
            guard let info = try await work.source.head(extra.key) else { return .success(extra) }
            noteOmission(extra.key, info)
            return .success(nil)
        } catch {
            return .failure(Failed(job: Job(key: extra.key, decision: .extra), reason: .server(error)))
        }
    }

    /// A key that a HEAD finds and that was there before the listing was read should have been in it. Keys that servers
    /// know by several names are not judged.
    private func noteOmission(_ key: ObjectKey, _ info: ObjectInfo) {
        let start = work.settings.withLock { $0.start }
        guard let modified = info.lastModified, modified.seconds + 5 < start.seconds, !KeyAliases.isDoubtful(key)
        else { return }
        omitted.withLock { if $0 == nil { $0 = key } }
    }

    /// Keeps copies of what is to be deleted, where asked to; what can't be kept is not deleted.
    private func keep(_ due: inout [Extra], _ began: Int64) async throws {
        guard let trash = work.options.trash else { return }
        var kept: [Extra] = []
        for extra in due {
            do throws(S3Error) {
                try await work.target.keep(extra.key, size: extra.size, under: trash)
                kept.append(extra)
            } catch {
                run.fail(Job(key: extra.key, decision: .extra), .server(error), began: began)
            }
        }
        due = kept
    }

    private func report(_ extra: Extra, _ status: ObjectReport.Status, _ error: String?, _ began: Int64) {
        work.report(
            ObjectReport(
                action: .delete, key: work.source.fullKey(extra.key), size: extra.size, etag: nil, status: status,
                reason: .extra, error: error, seconds: Double(MonotonicClock.nanoseconds() - began) / 1e9))
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
