import CSQLite

/// One prepared SQL statement; finalised when released. Used from its connection's thread only.
///
/// Parameters count from 1 and columns from 0, as in SQLite. Text and bytes are copied in and out.
@safe
package final class SQLiteStatement {
    private let handle: OpaquePointer
    private let subject: DiskError.Subject

    /// Takes ownership of `handle`. Finalise before the connection closes.
    package init(owning handle: OpaquePointer, subject: DiskError.Subject) {
        unsafe self.handle = unsafe handle
        self.subject = subject
    }

    deinit {
        unsafe sqlite3_finalize(handle)
    }

    package func bind(_ index: Int32, _ value: Int64) throws(DiskError) {
        try check(unsafe sqlite3_bind_int64(handle, index, value))
    }

    package func bind(_ index: Int32, _ value: String) throws(DiskError) {
        var text = value
        let status = text.withUTF8 { utf8 in
            unsafe utf8.withMemoryRebound(to: CChar.self) { bytes in
                unsafe csqlite_bind_text(handle, index, bytes.baseAddress, Int32(clamping: bytes.count))
            }
        }
        try check(status)
    }

    package func bind(_ index: Int32, _ value: [UInt8]) throws(DiskError) {
        let status = unsafe value.withUnsafeBufferPointer { bytes in
            unsafe csqlite_bind_blob(handle, index, bytes.baseAddress, Int32(clamping: bytes.count))
        }
        try check(status)
    }

    package func bind(_ index: Int32, _ value: Int64?) throws(DiskError) {
        if let value {
            try bind(index, value)
        } else {
            try check(unsafe sqlite3_bind_null(handle, index))
        }
    }

    package func bind(_ index: Int32, _ value: String?) throws(DiskError) {
        if let value {
            try bind(index, value)
        } else {
            try check(unsafe sqlite3_bind_null(handle, index))
        }
    }

    /// Runs to the next row; false at the end, where the statement is ready to be bound and run again.
    package func step() throws(DiskError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            reset()
            return false
        case let status:
            let error = error(status)
            reset()
            throw error
        }
    }

    /// Runs a statement that gives no rows.
    package func run() throws(DiskError) {
        while try step() {}
    }

    /// Ends a statement before its last row. Its error, if any, was thrown by `step()`.
    package func reset() {
        unsafe sqlite3_reset(handle)
    }

    package func integer(_ column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, column)
    }

    package func isNull(_ column: Int32) -> Bool {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL
    }

    /// Empty for NULL.
    package func text(_ column: Int32) -> String {
        String(decoding: bytes(column), as: UTF8.self)
    }

    package func optionalText(_ column: Int32) -> String? {
        isNull(column) ? nil : text(column)
    }

    /// Empty for NULL.
    package func bytes(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    private func check(_ status: Int32) throws(DiskError) {
        if status != SQLITE_OK { throw error(status) }
    }

    private func error(_ status: Int32) -> DiskError {
        let connection = unsafe sqlite3_db_handle(handle)
        return unsafe DiskError(
            subject, code: status, message: String(cString: sqlite3_errmsg(connection)),
            errno: sqlite3_system_errno(connection))
    }
}
