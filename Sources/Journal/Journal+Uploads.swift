public import ObjectModel
public import SQLite

/// A multipart upload that was intended, and begun if it has an upload ID.
///
/// It is recorded before CreateMultipartUpload is asked for: a process killed before the answer leaves a record without
/// an ID, which says under which key ListMultipartUploads is to be asked.
public struct UploadRecord: Hashable, Identifiable, Sendable {
    /// The journal's number; 0 before `beginUpload`.
    public internal(set) var id: Int64 = 0
    public var mirror: String
    /// The key on the target.
    public var key: ObjectKey
    public var sourceETag: ETag
    public var sourceSize: Int64
    /// Bytes of each part in order; at most 10,000, none negative.
    public var partSizes: [Int64]
    public var createdAt: Timestamp
    /// What the server answered; nil until then.
    public var uploadID: String?

    public init(
        mirror: String, key: ObjectKey, sourceETag: ETag, sourceSize: Int64, partSizes: [Int64], createdAt: Timestamp,
        uploadID: String? = nil
    ) {
        self.mirror = mirror
        self.key = key
        self.sourceETag = sourceETag
        self.sourceSize = sourceSize
        self.partSizes = partSizes
        self.createdAt = createdAt
        self.uploadID = uploadID
    }
}

extension Journal {
    /// Records the intent and gives the record back with its number.
    ///
    /// Records of one key stand side by side until each is ended, so that no upload ID is lost when a key changes while
    /// it is uploaded.
    public func beginUpload(_ upload: UploadRecord) throws(DiskError) -> UploadRecord {
        var begun = upload
        begun.id = try write(mirror: upload.mirror) { (connection, id) throws(DiskError) in
            let insert = try connection.statement(
                """
                INSERT INTO upload (mirror, key, source_etag, source_size, part_sizes, created_ms, upload_id)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
            try insert.bind(1, id)
            try insert.bind(2, upload.key.bytes)
            try insert.bind(3, upload.sourceETag.text)
            try insert.bind(4, upload.sourceSize)
            try insert.bind(5, PartSizes.encode(upload.partSizes))
            try insert.bind(6, upload.createdAt.milliseconds)
            try insert.bind(7, upload.uploadID)
            try insert.run()
            return connection.lastInsertedRow
        }
        return begun
    }

    // The number of a record that was removed is given to another one: whatever changes a record names its key and its
    // date as well.

    /// Records the server's answer to CreateMultipartUpload.
    public func setUploadID(_ uploadID: String, of upload: UploadRecord) throws(DiskError) {
        let update = try open().statement(
            "UPDATE upload SET upload_id = ?4 WHERE id = ?1 AND key = ?2 AND created_ms = ?3")
        try Self.bind(upload, to: update)
        try update.bind(4, uploadID)
        try update.run()
    }

    /// Removes the record of an upload that was completed, or aborted and confirmed. Harmless when repeated.
    public func endUpload(_ upload: UploadRecord) throws(DiskError) {
        let delete = try open().statement("DELETE FROM upload WHERE id = ?1 AND key = ?2 AND created_ms = ?3")
        try Self.bind(upload, to: delete)
        try delete.run()
    }

    private static func bind(_ upload: UploadRecord, to statement: SQLiteStatement) throws(DiskError) {
        try statement.bind(1, upload.id)
        try statement.bind(2, upload.key.bytes)
        try statement.bind(3, upload.createdAt.milliseconds)
    }

    /// The mirror's uploads that were not ended, oldest first.
    public func uploads(mirror: String) throws(DiskError) -> [UploadRecord] {
        let connection = try open()
        guard let id = try mirrorID(mirror, creating: false, in: connection) else { return [] }
        let select = try connection.statement("SELECT \(Self.uploadColumns) FROM upload WHERE mirror = ? ORDER BY id")
        try select.bind(1, id)
        var found: [UploadRecord] = []
        while try select.step() { found.append(Self.upload(in: select, mirror: mirror)) }
        return found
    }

    /// The newest upload of `key` that was not ended.
    public func upload(mirror: String, key: ObjectKey) throws(DiskError) -> UploadRecord? {
        let connection = try open()
        guard let id = try mirrorID(mirror, creating: false, in: connection) else { return nil }
        let select = try connection.statement(
            "SELECT \(Self.uploadColumns) FROM upload WHERE mirror = ? AND key = ? ORDER BY id DESC LIMIT 1")
        try select.bind(1, id)
        try select.bind(2, key.bytes)
        guard try select.step() else { return nil }
        defer { select.reset() }
        return Self.upload(in: select, mirror: mirror)
    }

    private static let uploadColumns = "id, key, source_etag, source_size, part_sizes, created_ms, upload_id"

    private static func upload(in row: SQLiteStatement, mirror: String) -> UploadRecord {
        var record = UploadRecord(
            mirror: mirror, key: ObjectKey(bytes: row.bytes(1)), sourceETag: ETag(utf8: row.bytes(2)),
            sourceSize: row.integer(3),
            // A layout that cannot be read is none: the upload can still be aborted by its ID.
            partSizes: PartSizes.decode(row.bytes(4)) ?? [], createdAt: Timestamp(milliseconds: row.integer(5)),
            uploadID: row.optionalText(6))
        record.id = row.integer(0)
        return record
    }
}
