import Glibc
import Runtime
public import SQLite

/// What a mirror must remember between runs, in one SQLite file.
///
/// The actor runs on a thread of its own, so that SQLite blocks neither the cooperative pool nor a reactor. Several
/// processes may use one file at the same time: transactions are short, and each waits up to 15 seconds for a lock.
/// What a call has recorded survives `kill -9` of the process; after a power cut the last moments may be missing
/// (`synchronous=NORMAL`), never the file's consistency.
///
/// A *mirror* is named by the caller, canonically (source and target), and is made at its first mention.
public actor Journal {
    private nonisolated let executor: any SerialExecutor
    private nonisolated let subject: DiskError.Subject
    /// The locks of mirrors where no other process can see the journal.
    nonisolated let privateLocks = PrivateLocks()
    private var connection: SQLiteConnection?
    private var mirrorIDs: [String: Int64] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private init(_ subject: DiskError.Subject, executor: (any SerialExecutor)?) {
        self.subject = subject
        self.executor = executor ?? ThreadExecutor(name: "journal")
    }

    deinit {
        (executor as? ThreadExecutor)?.stop()
    }

    /// Opens the file on `executor` (a thread of its own where none is given), making it (mode 0600) and its folders (mode 0700) where they are missing, and brings its tables
    /// up to date.
    ///
    /// - Throws: `DiskError` if the path cannot be read and written, is not a file of this program, is damaged, was
    ///   written by a newer version, stays locked for 15 seconds, or if the disk is full.
    public static func open(
        path: String, executor: (any SerialExecutor)? = nil
    ) async throws(DiskError) -> Journal {
        try await open(path: path, busyTimeout: 15_000, executor: executor)
    }

    /// As `open(path:)`; each statement waits up to `busyTimeout` milliseconds for another process's lock.
    static func open(
        path: String, busyTimeout: Int32, executor: (any SerialExecutor)? = nil
    ) async throws(DiskError) -> Journal {
        let journal = Journal(.stateFile(path), executor: executor)
        try await journal.connect(path: path, busyTimeout: busyTimeout)
        return journal
    }

    /// A journal that forgets everything when it is closed.
    public static func inMemory(executor: (any SerialExecutor)? = nil) async throws(DiskError) -> Journal {
        let journal = Journal(.memory, executor: executor)
        try await journal.connect(path: ":memory:")
        return journal
    }

    /// A journal that forgets everything when it is closed and holds little of it in memory: what exceeds a few
    /// megabytes goes to a private file without a name, in the folder that `TMPDIR` names or in `/var/tmp`.
    public static func temporary(executor: (any SerialExecutor)? = nil) async throws(DiskError) -> Journal {
        let journal = Journal(.temporaryFile, executor: executor)
        try await journal.connect(path: "")
        return journal
    }

    /// Closes the file. Later calls throw `DiskError.Reason.closed`. Without it, the file closes with the last
    /// reference to the journal.
    public func close() {
        connection?.close()
        connection = nil
    }

    /// Limits the file to its present size, so that a test sees a full disk.
    package func forbidGrowth() throws(DiskError) {
        let connection = try open()
        try connection.execute("VACUUM")
        let pages = try connection.integer("PRAGMA page_count")
        try connection.execute("PRAGMA max_page_count = \(pages)")
    }

    /// Lets nothing be written any more, or again, as on a file system that was mounted anew, so that a test sees it.
    package func forbidWriting(_ isForbidden: Bool = true) throws(DiskError) {
        try open().execute("PRAGMA query_only = \(isForbidden ? "ON" : "OFF")")
    }

    private func connect(path: String, busyTimeout: Int32 = 0) throws(DiskError) {
        if case .stateFile = subject { try JournalFile.prepare(path) }
        let connection = try SQLiteConnection(path: path, subject: subject)
        connection.setBusyTimeout(milliseconds: busyTimeout)
        // Before anything is changed: it may be another program's file.
        try Schema.check(connection, subject)
        if case .stateFile = subject {
            try Self.enterWAL(connection)
            // A batch of keys in no order changes a page each, so that the usual 1000 pages would mean a checkpoint and its
            // syncs after every batch. 8000 are 32 MiB beside the file at most.
            try connection.execute("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000")
        } else {
            // Nothing outlives the process: the rollback journal is needed for transactions that are undone only.
            try connection.execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
        }
        try connection.execute("PRAGMA foreign_keys = ON")
        try Schema.migrate(connection, subject)
        self.connection = connection
    }

    /// Changing to WAL needs the file alone and does not wait for it as other statements do, so two processes that open
    /// a new file together would fail one another.
    private static func enterWAL(_ connection: SQLiteConnection) throws(DiskError) {
        for attempt in 0... {
            do throws(DiskError) {
                return try connection.execute("PRAGMA journal_mode = WAL")
            } catch {
                guard error.reason == .locked, attempt < 100 else { throw error }
                // It blocks the journal's own thread only, and nothing waits for that but this opening: the actor has
                // no other calls yet. A sleep that suspends would let them in before the tables are there.
                BlockingPause.sleep(milliseconds: 20)
            }
        }
    }

    /// The open connection, for the operations in the extensions.
    func open() throws(DiskError) -> SQLiteConnection {
        guard let connection else { throw DiskError(subject, .closed) }
        return connection
    }

    /// The number of a mirror, made if `creating`; nil for one never mentioned. Call within a transaction to create.
    func mirrorID(_ name: String, creating: Bool, in connection: SQLiteConnection) throws(DiskError) -> Int64? {
        if let known = mirrorIDs[name] { return known }
        if creating {
            let insert = try connection.statement("INSERT OR IGNORE INTO mirror (name) VALUES (?)")
            try insert.bind(1, name)
            try insert.run()
        }
        let select = try connection.statement("SELECT id FROM mirror WHERE name = ?")
        try select.bind(1, name)
        guard try select.step() else { return nil }
        let id = select.integer(0)
        select.reset()
        return id
    }

    /// The file's path as `SQLiteConnection.path` has it; nil where no other process can see the journal.
    func path() throws(DiskError) -> String? { try open().path }

    /// The number of a mirror, made if missing. Not within a transaction.
    func mirrorID(_ name: String) throws(DiskError) -> Int64 {
        if let known = try mirrorID(name, creating: false, in: open()) { return known }
        return try write(mirror: name) { (_, id) throws(DiskError) in id }
    }

    /// Runs `body` in one transaction with the mirror's number, which is made if missing.
    func write<Result>(
        mirror: String, _ body: (SQLiteConnection, Int64) throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        let connection = try open()
        let (result, id) = try connection.transaction { () throws(DiskError) -> (Result, Int64) in
            guard let id = try mirrorID(mirror, creating: true, in: connection) else {
                throw DiskError(subject, .notAJournal("a row that was just written is missing"))
            }
            return (try body(connection, id), id)
        }
        // Only after the commit: a number from a transaction that was undone may be given to another mirror.
        mirrorIDs[mirror] = id
        return result
    }
}
