import Glibc

/// Why a report cannot be written. Prints as one sentence: what failed, why, what to try.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    /// `what` failed with `errno` being `code`.
    init(_ what: String, errno code: Int32) {
        let advice =
            switch code {
            case ENOSPC, EDQUOT, EFBIG: "make room there, or name another place"
            case EACCES, EPERM, EROFS: "name a place that this user may write to"
            case ENOENT, ENOTDIR: "make the folder first, or name another one"
            case ENAMETOOLONG: "give it a shorter name"
            default: "check that place, or name another one"
            }
        self.init("\(what): \(unsafe String(cString: strerror(code))); \(advice).")
    }
}
