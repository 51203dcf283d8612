import Glibc
public import ObjectModel
import Runtime

/// One object of a listing, as it is kept while it waits to be merged.
public struct SpillEntry: Hashable, Sendable {
    public var key: ObjectKey
    public var size: Int64
    public var etag: ETag
    public var lastModified: Timestamp
    public var storageClass: String?

    public init(key: ObjectKey, size: Int64, etag: ETag, lastModified: Timestamp, storageClass: String?) {
        self.key = key
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.storageClass = storageClass
    }
}

/// A listing that came in another order, sorted by the bytes of its keys on disk.
///
/// A private SQLite table in a file that has no name from the start, so that nothing is left behind however the process
/// ends; memory stays below about 4 MiB. A key that is appended twice keeps its last entry. The actor runs on a thread
/// of its own, which ends with the last reference.
public actor SortedSpill {
    private nonisolated let executor: ThreadExecutor
    private nonisolated let subject: JournalError.Subject
    private var connection: SQLiteConnection?
    /// The key that `next` gave last.
    private var position: ObjectKey?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private init(folder: String) {
        subject = .temporarySpace(folder)
        executor = ThreadExecutor(name: "sorted-spill")
    }

    deinit {
        executor.stop()
    }

    /// Opens an empty table with its file in `folder`, which must exist and be writable.
    public static func open(folder: String = TemporaryFile.standardFolder) async throws(JournalError) -> SortedSpill {
        let spill = SortedSpill(folder: folder)
        try await spill.connect(folder: folder)
        return spill
    }

    private func connect(folder: String) throws(JournalError) {
        let path: String
        do throws(TemporaryFile.Failure) {
            path = try TemporaryFile.named(folder: folder)
        } catch {
            throw JournalError(subject, error)
        }
        defer { unsafe unlink(path) }
        let connection = try SQLiteConnection(path: path, subject: subject)
        // Nothing here outlives the process, so nothing is journalled or synced. One transaction is open throughout:
        // its pages go to the file only as the cache overflows, and its lock needs the file's name no more.
        try connection.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;
            BEGIN EXCLUSIVE;
            CREATE TABLE entry (
                key BLOB PRIMARY KEY, size INTEGER NOT NULL, etag TEXT NOT NULL, modified_ms INTEGER NOT NULL,
                storage_class TEXT
            ) WITHOUT ROWID;
            """)
        self.connection = connection
    }

    /// Adds entries, in any order. Those that sort before a key which `next` has given are not given any more.
    ///
    /// - Throws: `JournalError`, for one with `.diskFull`; the spill is of no use then.
    public func append(_ entries: [SpillEntry]) throws(JournalError) {
        let insert = try open().statement(
            "INSERT OR REPLACE INTO entry (key, size, etag, modified_ms, storage_class) VALUES (?, ?, ?, ?, ?)")
        for entry in entries {
            try insert.bind(1, entry.key.bytes)
            try insert.bind(2, entry.size)
            try insert.bind(3, entry.etag.text)
            try insert.bind(4, entry.lastModified.milliseconds)
            try insert.bind(5, entry.storageClass)
            try insert.run()
        }
    }

    /// Up to `limit` (at least 1) entries that follow those given before, ascending in the unsigned bytes of their keys;
    /// empty at the end.
    public func next(limit: Int = 1000) throws(JournalError) -> [SpillEntry] {
        let columns = "SELECT key, size, etag, modified_ms, storage_class FROM entry"
        let select: Statement
        if let position {
            select = try open().statement("\(columns) WHERE key > ?2 ORDER BY key LIMIT ?1")
            try select.bind(2, position.bytes)
        } else {
            select = try open().statement("\(columns) ORDER BY key LIMIT ?1")
        }
        try select.bind(1, Int64(limit))
        var entries: [SpillEntry] = []
        while try select.step() {
            entries.append(
                SpillEntry(
                    key: ObjectKey(bytes: select.bytes(0)), size: select.integer(1), etag: ETag(utf8: select.bytes(2)),
                    lastModified: Timestamp(milliseconds: select.integer(3)), storageClass: select.optionalText(4)))
        }
        if let last = entries.last { position = last.key }
        return entries
    }

    /// Starts again with the first entry.
    public func rewind() {
        position = nil
    }

    /// Gives the space back. Later calls throw `JournalError.Reason.closed`.
    public func close() {
        connection?.close()
        connection = nil
    }

    /// Limits the file to a few pages, so that a test sees a full disk.
    func forbidGrowth() throws(JournalError) {
        try open().execute("PRAGMA max_page_count = 16")
    }

    private func open() throws(JournalError) -> SQLiteConnection {
        guard let connection else { throw JournalError(subject, .closed) }
        return connection
    }
}
