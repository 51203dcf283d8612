public import ObjectModel

/// Why both listings are read.
public enum ReconcileReason: String, Hashable, Sendable {
    case start
    /// Events may have been missed: the stream was interrupted or overflowed.
    case gap
    case schedule
    case poll
    /// A person asked for it.
    case request
    /// The one before failed.
    case retry
}

/// What one reconcile found.
public struct ReconcileOutcome: Hashable, Sendable {
    public var reason: ReconcileReason
    /// In scope, as listed.
    public var source: Amount
    public var target: Amount
    /// Keys that differed, and keys that only the target has.
    public var different: Int
    public var extra: Int
    /// Whether a guard held back the deletion of the latter.
    public var isHeld: Bool
    public var seconds: Double
}

/// What a watch tells while it goes on. Everything that a log line is made of.
public enum WatchEvent: Sendable {
    /// `lag` is from the moment at which the change became known until now.
    case object(ObjectReport, lag: Duration)
    /// One sentence that a person should know.
    case notice(String)
    /// The event stream is live.
    case listening
    /// Listings are compared every `interval`, because of `reason`.
    case polling(interval: Duration, reason: String)
    /// The event stream ended or could not be had; it is tried again.
    case streamLost(String)
    case reconcileBegan(ReconcileReason)
    case reconcileEnded(ReconcileOutcome)
    /// Tried again after a pause.
    case reconcileFailed(String)
    /// An object failed and is tried again; `attempt` counts from 1.
    case retry(key: ObjectKey, error: String, attempt: Int)
    /// Work rests until a server answers again.
    case serverGone(String)
    case serverBack
    /// A reconcile's deletions were not done.
    case guarded(String)
    /// No deletion is done until a person says so.
    case deletesPaused(String)
    case deletesResumed
}
