import Journal
import ObjectModel
import Stores

/// Ends uploads that nobody goes on with, so that no parts are left behind on the target.
struct UploadSweeper: Sendable {
    let target: any ObjectStore
    let journal: MirrorJournal

    /// Milliseconds within which a request whose answer was lost may still arrive and begin an upload.
    private static let lateness: Int64 = 6 * 3_600_000

    /// Aborts what `record` began. Where the upload's ID was never learnt, the server's list of uploads for this very key
    /// tells it: those that began since are ours, if nobody else works on the mirror. Else the record stays; so it does
    /// while the upload may still begin.
    func abandon(_ record: UploadRecord) async throws(StoreError) {
        if let id = record.uploadID {
            try await target.abortUpload(record.key, upload: id)
        } else {
            let uploads = try await target.uploads(of: record.key)
            guard await journal.isAlone() else { return }
            for upload in uploads {
                // The server's clock and its whole seconds: a little earlier counts as since.
                let began = upload.initiated?.seconds ?? .max
                let recorded = record.createdAt.milliseconds + (target.clockOffset ?? 0)
                guard began >= recorded / 1000 - 2 else { continue }
                try await target.abortUpload(record.key, upload: upload.id)
            }
            guard journal.age(of: record) > Self.lateness else { return }
        }
        await journal.endUpload(record)
    }

    /// Aborts what was begun for `key`, which nobody goes on with.
    func abandon(uploadsOf key: ObjectKey) async throws(StoreError) {
        for record in await journal.uploads() where record.key == key { try await abandon(record) }
    }

    /// Aborts what this run and earlier ones left behind, but for the keys that are still worked on. Failures leave their
    /// records for the next time.
    func sweep(except isWorked: (ObjectKey) -> Bool = { _ in false }) async {
        for leftover in journal.takeLeftovers() {
            do throws(StoreError) {
                try await target.abortUpload(leftover.key, upload: leftover.id)
            } catch {
                journal.noteLeftover(leftover.key, leftover.id)
            }
        }
        for record in await journal.uploads() where !isWorked(record.key) {
            try? await abandon(record)
        }
    }
}
