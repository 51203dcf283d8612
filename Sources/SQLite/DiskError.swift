import CSQLite
import Glibc
import Runtime

/// Why the state file or temporary space cannot be used. Prints as one sentence: what failed, why, what to try.
public struct DiskError: Error, Hashable, Sendable {
    /// What was being used.
    public enum Subject: Hashable, Sendable {
        /// The journal's file.
        case stateFile(String)
        /// A journal that lives in memory only.
        case memory
        /// A journal in a temporary file without a name.
        case temporaryFile
        /// Temporary space in this folder.
        case temporarySpace(String)
    }

    public enum Reason: Hashable, Sendable {
        /// The system refused access; the system's words (`Permission denied`, `Not a directory`, …).
        case inaccessible(String)
        /// The path is a directory, a device, a socket: not a regular file.
        case notAFile(String)
        /// The bytes are not a database, are damaged, or are another program's database; what SQLite says.
        case notAJournal(String)
        /// No space, or no quota, is left.
        case diskFull
        /// Another process kept the lock longer than the busy time-out.
        case locked
        /// The file was written by a newer version of this program.
        case newerSchema(found: Int64, known: Int64)
        /// Used after `close()`.
        case closed
        /// Anything else, with SQLite's (extended) code and words.
        case failed(code: Int32, String)
    }

    public let subject: Subject
    public let reason: Reason

    public init(_ subject: Subject, _ reason: Reason) {
        self.subject = subject
        self.reason = reason
    }

    /// From an `errno`.
    package init(_ subject: Subject, errno code: Int32) {
        self.init(subject, Self.isFull(code) ? .diskFull : .inaccessible(Self.words(code)))
    }

    /// From SQLite's extended result code, its message and the `errno` of the failed system call (0 where there was none).
    package init(_ subject: Subject, code: Int32, message: String, errno system: Int32) {
        let reason: Reason
        switch code & 0xFF {
        case SQLITE_FULL: reason = .diskFull
        case SQLITE_BUSY, SQLITE_LOCKED: reason = .locked
        case SQLITE_NOTADB, SQLITE_CORRUPT: reason = .notAJournal(message)
        // A file system that is full while the shared-memory file grows gives an I/O error, not SQLITE_FULL.
        case SQLITE_IOERR, SQLITE_CANTOPEN:
            if Self.isFull(system) {
                reason = .diskFull
            } else {
                reason = .inaccessible(system == 0 ? message : Self.words(system))
            }
        case SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH:
            reason = .inaccessible(system == 0 ? message : Self.words(system))
        default: reason = .failed(code: code, message)
        }
        self.init(subject, reason)
    }

    private static func isFull(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT }

    private static func words(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}

extension DiskError: CustomStringConvertible {
    public var description: String {
        switch (subject, reason) {
        case (.temporarySpace(let folder), .diskFull):
            "Cannot keep listings in \(folder): no space is left on the device; free some space there or set TMPDIR to "
                + "a folder with more."
        case (.temporarySpace(let folder), _):
            "Cannot keep listings in \(folder): \(words); set TMPDIR to a folder that can be written."
        case (.memory, _):
            "The journal in memory failed: \(words); run with \(stateFile) or \(ProgramWords.noState.spelled)."
        case (.temporaryFile, _):
            "The journal in a temporary file failed: \(words); set TMPDIR to a folder with room that can be written, or "
                + "run with \(stateFile)."
        case (.stateFile(let path), .inaccessible):
            "Cannot use the state file \(path): \(words); give the user that runs minio-sync access to it and its "
                + "folder, or choose another with \(stateFile)."
        case (.stateFile(let path), .notAFile):
            "Cannot use \(path) as the state file: \(words); name a file with \(stateFile)."
        case (.stateFile(let path), .notAJournal):
            "The state file \(path) is damaged or not one of minio-sync (\(words)); move it away and run again, what it "
                + "held is found out anew by comparing."
        case (.stateFile(let path), .diskFull):
            "Cannot write the state file \(path): no space is left on the device; free some space or choose another "
                + "place with \(stateFile)."
        case (.stateFile(let path), .locked):
            "The state file \(path) stays locked by another process; wait until it is done or choose another with "
                + "\(stateFile)."
        case (.stateFile(let path), .newerSchema(let found, let known)):
            "The state file \(path) was written by a newer minio-sync (its schema is \(found), this one knows up to "
                + "\(known)); install the newer version or choose another file with \(stateFile)."
        case (.stateFile(let path), .closed), (.stateFile(let path), .failed):
            "The state file \(path) cannot be used: \(words); run again, or choose another with \(stateFile)."
        }
    }

    private var stateFile: String { ProgramWords.stateFile.spelled }

    private var words: String {
        switch reason {
        case .inaccessible(let text), .notAFile(let text), .notAJournal(let text): text
        case .diskFull: "no space is left on the device"
        case .locked: "it is locked"
        case .newerSchema: "its schema is newer"
        case .closed: "it is closed already"
        case .failed(let code, let message): "\(message) (SQLite error \(code))"
        }
    }
}
