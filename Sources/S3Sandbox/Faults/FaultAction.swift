/// What goes wrong when a rule hits.
///
/// Offsets and lengths are bytes of this answer's body (for a ranged GET: from the range's first byte).
public enum FaultAction: Sendable {
    /// Close the connection without an answer and without doing anything.
    case refuse
    /// Wait before doing anything.
    case delay(milliseconds: Int)
    /// Send this much of the body (0: the headers), then nothing until the client leaves or, if given, time is up; then
    /// close.
    case stall(afterBytes: Int64, seconds: Double?)
    /// Send this much of the body, then close the connection. `Content-Length` stays that of the whole.
    case cut(afterBytes: Int64)
    /// Read this much of the request's body, then close the connection. Nothing is done.
    case cutRequest(afterBytes: Int64)
    /// Leave out the last bytes, with a `Content-Length` that fits: a short object, not a broken connection.
    case shorten(byBytes: Int64)
    /// Turn this byte over.
    case corrupt(offset: Int64)
    /// At most this many bytes a second.
    case trickle(bytesPerSecond: Int)
    /// Claim this ETag (without quotes) for the object, in headers and documents; nil: a random MD5.
    case wrongETag(String?)
    /// Answer with this error.
    case status(Failure)
    /// Answer 200, and after `spaces` spaces an error document in place of the result.
    case errorIn200(Failure, spaces: Int)
    /// Do it, then close the connection without an answer.
    case loseAnswer
    /// Change the page of a listing.
    case listing(ListingLie)
    /// Answer, and judge signatures, as if the clock were ahead by this many seconds.
    case clockSkew(seconds: Double)
    /// What this request changes raises no event.
    case dropEvent
    /// Do something in the middle of it. Only for tests in the same process.
    case hook(HookPoint, @Sendable () -> Void)
    /// Replace the object after this much of the body of a GET. The answer goes on with the old version's bytes, as
    /// servers with immutable versions do; if `isTorn`, with the new one's.
    case overwriteDuring(afterBytes: Int64, content: [UInt8], isTorn: Bool)

    /// An answer that is no success.
    public struct Failure: Sendable {
        public var status: Int
        /// The S3 code.
        public var code: String
        public var message: String
        public var hasBody: Bool
        /// The value of `Retry-After`.
        public var retryAfter: String?
        /// Whether the operation takes effect all the same.
        public var applies: Bool
        /// Whether to answer without waiting for the request's body.
        public var isEarly: Bool

        public init(
            _ status: Int, code: String = "InternalError", message: String = "A fault of the script.",
            hasBody: Bool = true, retryAfter: String? = nil, applies: Bool = false, isEarly: Bool = false
        ) {
            self.status = status
            self.code = code
            self.message = message
            self.hasBody = hasBody
            self.retryAfter = retryAfter
            self.applies = applies
            self.isEarly = isEarly
        }

        var error: ErrorAnswer {
            let error = ErrorAnswer(status, code, message)
            return retryAfter.map { error.header("Retry-After", $0) } ?? error
        }
    }

    public enum HookPoint: Sendable {
        case beforeOperation
        case afterOperation
        /// After this much of the answer's body was handed over.
        case afterBytes(Int64)
    }
}

/// How a page of a listing can be wrong.
public enum ListingLie: Sendable {
    /// The entries in reverse.
    case reordered
    /// The document ends after this many bytes, `Content-Length` and all.
    case truncatedXML(bytes: Int)
    /// The next token leads to this page again.
    case repeated
    /// `IsTruncated` for ever: past the end come empty pages, with the same token each time or a new one.
    case endless(isMoving: Bool)
    /// `IsTruncated` without a token.
    case missingToken
    /// Without the entry with this index, counted from 0 on the page.
    case missingEntry(Int)
    /// No entries, and not truncated.
    case empty
}
