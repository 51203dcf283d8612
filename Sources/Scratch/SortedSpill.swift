import Glibc
public import ObjectModel
import Runtime
public import SQLite

/// A listing that came in another order, sorted by the bytes of its keys on disk.
///
/// A private SQLite table in a file that has no name from the start, so that nothing is left behind however the process
/// ends; memory stays below about 4 MiB. A key that is appended twice keeps its last entry. The actor runs on a thread
/// of its own, which ends with the last reference.
public actor SortedSpill {
    private nonisolated let executor: any SerialExecutor
    private nonisolated let subject: DiskError.Subject
    private var connection: SQLiteConnection?
    /// The key that `next` gave last.
    private var position: ObjectKey?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private init(folder: String, executor: (any SerialExecutor)?) {
        subject = .temporarySpace(folder)
        self.executor = executor ?? ThreadExecutor(name: "sorted-spill")
    }

    deinit {
        (executor as? ThreadExecutor)?.stop()
    }

    /// Opens an empty table with its file in `folder`, which must exist and be writable.
    ///
    /// - Parameter executor: where it blocks; a thread of its own where none is given.
    public static func open(
        folder: String = TemporaryFile.standardFolder, executor: (any SerialExecutor)? = nil
    ) async throws(DiskError) -> SortedSpill {
        let spill = SortedSpill(folder: folder, executor: executor)
        try await spill.connect(folder: folder)
        return spill
    }

    private func connect(folder: String) throws(DiskError) {
        let path: String
        do throws(TemporaryFile.Failure) {
            path = try TemporaryFile.named(folder: folder)
        } catch {
            throw DiskError(subject, error)
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
    /// - Throws: `DiskError`, for one with `.diskFull`; the spill is of no use then.
    public func append(_ entries: [ListedObject]) throws(DiskError) {
        let insert = try open().statement(
            "INSERT OR REPLACE INTO entry (key, size, etag, modified_ms, storage_class) VALUES (?, ?, ?, ?, ?)")
        for entry in entries {
            try insert.bind(1, entry.key.bytes)
            try insert.bind(2, entry.state.size)
            try insert.bind(3, entry.state.etag.text)
            try insert.bind(4, entry.state.lastModified.milliseconds)
            try insert.bind(5, entry.state.storageClass)
            try insert.run()
        }
    }

    /// Up to `limit` (at least 1) entries that follow those given before, ascending in the unsigned bytes of their keys;
    /// empty at the end.
    public func next(limit: Int = 1000) throws(DiskError) -> [ListedObject] {
        let columns = "SELECT key, size, etag, modified_ms, storage_class FROM entry"
        let select: SQLiteStatement
        if let position {
            select = try open().statement("\(columns) WHERE key > ?2 ORDER BY key LIMIT ?1")
            try select.bind(2, position.bytes)
        } else {
            select = try open().statement("\(columns) ORDER BY key LIMIT ?1")
        }
        try select.bind(1, Int64(limit))
        var entries: [ListedObject] = []
        while try select.step() {
            entries.append(
                ListedObject(
                    key: ObjectKey(bytes: select.bytes(0)),
                    state: ObjectState(
                        size: select.integer(1), etag: ETag(utf8: select.bytes(2)),
                        lastModified: Timestamp(milliseconds: select.integer(3)), storageClass: select.optionalText(4)))
            )
        }
        if let last = entries.last { position = last.key }
        return entries
    }

    /// Starts again with the first entry.
    public func rewind() {
        position = nil
    }

    /// Gives the space back. Later calls throw `DiskError.Reason.closed`.
    public func close() {
        connection?.close()
        connection = nil
    }

    /// Limits the file to a few pages, so that a test sees a full disk.
    func forbidGrowth() throws(DiskError) {
        try open().execute("PRAGMA max_page_count = 16")
    }

    private func open() throws(DiskError) -> SQLiteConnection {
        guard let connection else { throw DiskError(subject, .closed) }
        return connection
    }
}
