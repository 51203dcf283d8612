import Runtime
import Stores

/// How a failed key is tried again. Pure.
enum RetryPlan {
    enum Cause: Hashable {
        /// The object changed while it was read: nothing failed.
        case changed
        /// The server's condition: away, full, read-only, refusing, overloaded. Any key may fail so, and all succeed once it
        /// has passed.
        case condition
        /// The object itself.
        case object
    }

    static func cause(of failure: ObjectFailure) -> Cause {
        switch failure {
        case .changed: return .changed
        case .notProven, .corruptSource, .wrongLength, .impossible: return .object
        case .bucketGone, .notDeleted: return .condition
        case .server(let error):
            switch error.kind {
            case .unacceptable, .notImplemented, .other, .digestMismatch, .preconditionFailed: return .object
            case .noSuchKey, .noSuchUpload, .cancelled: return .changed
            default: return .condition
            }
        }
    }

    /// Whether a condition is plainly the server's, and not perhaps of this one key: no answer, or too many requests.
    static func concernsAll(_ failure: ObjectFailure) -> Bool {
        guard case .server(let error) = failure else { return false }
        return switch error.kind {
        case .unreachable, .untrusted, .timedOut, .interrupted, .slowDown: true
        default: false
        }
    }

    /// Nanoseconds to wait before the next try, with full jitter.
    ///
    /// | cause | first ceiling | cap |
    /// |---|---|---|
    /// | changed | 20 ms | 1 s |
    /// | condition | 200 ms | 2 s, more with many keys: all of them together try about 50 times a second |
    /// | object | 500 ms | 5 min |
    ///
    /// - Parameters:
    ///   - attempt: failed tries before this one.
    ///   - retrying: keys that wait for another try.
    static func delay(
        _ cause: Cause, attempt: Int, retrying: Int, using random: inout some RandomNumberGenerator
    ) -> Int64 {
        let backoff =
            switch cause {
            case .changed: Backoff(base: .milliseconds(20), cap: .seconds(1))
            case .condition:
                Backoff(base: .milliseconds(200), cap: min(.seconds(300), .seconds(2) + .milliseconds(20 * retrying)))
            case .object: Backoff(base: .milliseconds(500), cap: .seconds(300))
            }
        return backoff.delay(attempt: attempt, using: &random).nanoseconds
    }
}
