import ObjectModel
public import Stores

/// Why one object could not be brought in line. Prints as one sentence.
public enum ObjectFailure: Error, Sendable {
    case server(StoreError)
    /// The source's object changed while it was read; the job begins anew.
    case changed
    /// What arrived cannot be shown to be what the source has.
    case notProven(String)
    /// The source's bytes are not those that its own ETag tells.
    case corruptSource(String)
    /// The source gives another length than its listing told, under the same ETag.
    case wrongLength(String)
    /// The target said that it was deleted, and still has it.
    case notDeleted(String)
    /// It cannot be copied as it is, however often it is tried.
    case impossible(String)
    /// The source's bucket is not there any more.
    case bucketGone(String)

    /// Whether a later try may go better.
    public var isTransient: Bool {
        switch self {
        case .server(let error):
            // An upload that is gone was ended by another run of the same mirror; it begins anew.
            error.isTransient || error.kind == .cancelled || error.kind == .noSuchUpload
        case .changed, .notProven, .corruptSource, .wrongLength, .notDeleted: true
        case .impossible, .bucketGone: false
        }
    }

    /// Whether a server is out of reach or refuses us as a whole, as opposed to this object.
    public var isServerGone: Bool {
        if case .bucketGone = self { return true }
        guard case .server(let error) = self else { return false }
        switch error.kind {
        case .unreachable, .untrusted: return true
        case .refused:
            return ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"].contains(error.code)
        default: return false
        }
    }

    /// Whether a server answered that it did not do what it was asked.
    var isRefusal: Bool {
        if case .server(let error) = self { error.wasAnswered } else { false }
    }

    /// The server that lacks the bucket, if that is why.
    var missingBucket: String? {
        guard case .server(let error) = self, error.kind == .noSuchBucket else { return nil }
        return error.server
    }

    init(_ error: any Error) {
        switch error {
        case let failure as ObjectFailure: self = failure
        case let error as StoreError: self = error.kind == .preconditionFailed ? .changed : .server(error)
        default: self = .impossible("\(error)")
        }
    }
}

extension ObjectFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .server(let error): error.description
        case .changed: "The source's object kept changing while it was read; it is tried again in the next run."
        case .notProven(let reason), .corruptSource(let reason), .wrongLength(let reason), .notDeleted(let reason),
            .impossible(let reason),
            .bucketGone(let reason):
            reason
        }
    }
}
