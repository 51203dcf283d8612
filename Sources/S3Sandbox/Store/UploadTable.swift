import ObjectModel
import Runtime

/// Multipart uploads under way. They live in memory, also over a folder: a restarted server answers `NoSuchUpload`.
final class UploadTable: Sendable {
    struct Upload: Sendable {
        let id: String
        let bucket: String
        let key: ObjectKey
        let initiated: Timestamp
        let headers: [ObjectHeaders.NameValue]
        let tags: [ObjectHeaders.NameValue]
        var parts: [Int: Part] = [:]

        var sortedParts: [Part] { parts.values.sorted { $0.number < $1.number } }
    }

    struct Part: Sendable {
        let number: Int
        let body: any ObjectBody
        let md5: MD5Digest
        /// Without quotes.
        let etag: String
        let modified: Timestamp
    }

    private let uploads = Mutex<[String: Upload]>([:])

    func begin(_ upload: Upload) {
        uploads.withLock { $0[upload.id] = upload }
    }

    /// - Throws: `NoSuchUpload`, also where the upload is for another key.
    func find(_ id: String, _ key: ObjectKey, in bucket: String) throws(ErrorAnswer) -> Upload {
        guard let upload = uploads.withLock({ $0[id] }), upload.bucket == bucket, upload.key == key else {
            throw .noSuchUpload
        }
        return upload
    }

    /// Adds a part, or replaces the one with its number.
    func add(_ part: Part, to id: String) throws(ErrorAnswer) {
        let isKnown = uploads.withLock { uploads in
            uploads[id]?.parts[part.number] = part
            return uploads[id] != nil
        }
        guard isKnown else { throw .noSuchUpload }
    }

    /// Ends the upload, whether completed or aborted. False where somebody else did so first.
    func end(_ id: String) -> Bool {
        uploads.withLock { $0.removeValue(forKey: id) != nil }
    }

    /// All uploads of a bucket by key, then by age.
    func all(in bucket: String) -> [Upload] {
        uploads.withLock { uploads in
            uploads.values.filter { $0.bucket == bucket }.sorted { ($0.key, $0.id) < ($1.key, $1.id) }
        }
    }
}
