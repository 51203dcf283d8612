import CSQLite
import Glibc

/// One SQLite connection with its prepared statements. Used from one thread at a time; closed when released.
@safe
final class SQLiteConnection {
    private var handle: OpaquePointer?
    private let subject: JournalError.Subject
    private var statements: [String: Statement] = [:]

    /// Opens an existing file, `:memory:`, or a private temporary file (an empty path), for reading and writing.
    init(path: String, subject: JournalError.Subject) throws(JournalError) {
        self.subject = subject
        // The actor that owns a connection serialises its use, so SQLite's own mutex would only cost.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        var opened: OpaquePointer?
        let status = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        unsafe handle = unsafe opened
        if status != SQLITE_OK { throw error(status) }
        // SQLite falls back to reading where writing is not allowed.
        if unsafe sqlite3_db_readonly(opened, "main") == 1 {
            throw JournalError(subject, .inaccessible("it cannot be written"))
        }
    }

    deinit {
        close()
    }

    /// Finalises the statements and closes. Harmless when repeated.
    func close() {
        statements.removeAll()
        if let open = unsafe handle { unsafe sqlite3_close_v2(open) }
        unsafe handle = nil
    }

    /// The file's path, absolute and without symbolic links, beside which SQLite keeps its own; nil for a database
    /// without a name.
    var path: String? {
        guard let name = unsafe sqlite3_db_filename(handle, "main") else { return nil }
        let path = unsafe String(cString: name)
        return path.isEmpty ? nil : path
    }

    /// How long a statement waits for another process's lock.
    func setBusyTimeout(milliseconds: Int32) {
        unsafe sqlite3_busy_timeout(handle, milliseconds)
    }

    /// The prepared form of `sql`, made at its first use and kept until the connection closes.
    func statement(_ sql: String) throws(JournalError) -> Statement {
        if let known = statements[sql] { return known }
        var prepared: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let status = unsafe sqlite3_prepare_v3(handle, sql, -1, flags, &prepared, nil)
        guard status == SQLITE_OK, let prepared = unsafe prepared else { throw error(status) }
        let statement = unsafe Statement(owning: prepared, subject: subject)
        statements[sql] = statement
        return statement
    }

    /// Runs one or more statements without parameters, ignoring rows.
    func execute(_ sql: String) throws(JournalError) {
        let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        if status != SQLITE_OK { throw error(status) }
    }

    /// The integer in the first column of the first row.
    func integer(_ sql: String) throws(JournalError) -> Int64 {
        let statement = try statement(sql)
        guard try statement.step() else { return 0 }
        defer { statement.reset() }
        return statement.integer(0)
    }

    /// The row that the last `INSERT` made.
    var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Runs `body` in one transaction, undone if it throws.
    ///
    /// A transaction that writes takes the lock at once: one that is upgraded from reading fails without waiting when
    /// another process wrote in between.
    func transaction<Result>(
        writing: Bool = true, _ body: () throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        try statement(writing ? "BEGIN IMMEDIATE" : "BEGIN").run()
        do throws(JournalError) {
            let result = try body()
            try statement("COMMIT").run()
            return result
        } catch {
            // Some errors (a full disk among them) have rolled back already; then this one fails, and may.
            try? execute("ROLLBACK")
            throw error
        }
    }

    private func error(_ status: Int32) -> JournalError {
        unsafe JournalError(
            subject, code: status, message: String(cString: sqlite3_errmsg(handle)),
            errno: sqlite3_system_errno(handle))
    }
}
