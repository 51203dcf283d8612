import Glibc

/// Why a report cannot be written. Prints as one sentence: what failed, why, what to try.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Standard output took no more, for the reason that `errno` was.
    public init(standardOutput code: Int32) {
        self.init("The report cannot be written to standard output", errno: code)
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
