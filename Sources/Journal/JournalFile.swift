import Glibc

/// The journal's file before SQLite sees it: made private, and refused with the system's own reason.
enum JournalFile {
    /// Makes the missing folders (mode 0700) and the file (mode 0600); an existing file is left as it is.
    static func prepare(_ path: String) throws(JournalError) {
        let subject = JournalError.Subject.stateFile(path)
        if path.isEmpty { throw JournalError(subject, .notAFile("the name is empty")) }
        try makeParents(of: path, subject)
        // `mknod` rather than `open`: closing any descriptor of the file would drop the POSIX locks that another
        // connection of this process holds on it.
        if unsafe mknod(path, S_IFREG | 0o600, 0) != 0, errno != EEXIST { throw JournalError(subject, errno: errno) }
        var status = stat()
        if unsafe stat(path, &status) != 0 { throw JournalError(subject, errno: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw JournalError(subject, .notAFile("it is a directory"))
        default: throw JournalError(subject, .notAFile("it is not a regular file"))
        }
    }

    private static func makeParents(of path: String, _ subject: JournalError.Subject) throws(JournalError) {
        let bytes = Array(path.utf8)
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            let folder = String(decoding: bytes[..<index], as: UTF8.self)
            if unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST { continue }
            let code = errno
            // On a read-only file system, or under a folder that may only be passed through, `mkdir` fails for folders
            // that exist as well.
            if unsafe access(folder, F_OK) != 0 { throw JournalError(subject, errno: code) }
        }
    }
}
