public import ObjectModel

/// Where a watch stands: what proves how far behind the replica is.
public struct WatchStatus: Hashable, Sendable {
    public enum Feed: Hashable, Sendable {
        case connecting
        case listening
        case polling
        /// The event stream is gone and not back yet.
        case lost
    }

    public var feed = Feed.connecting
    public var isReconciling = false
    /// Whether a reconcile has begun since the watch was started, or failed to.
    public var hasBegunReconcile = false
    /// Work rests until a server answers; why.
    public var serverGone: String?
    /// The age of the oldest change that is known and not yet on the target; nil if there is none.
    public var lag: Duration?
    /// Keys that are known and not settled, retrying ones included.
    public var pending = 0
    /// Keys that failed and wait for another try.
    public var retrying = 0
    /// Of those, keys that failed again and again for reasons of their own.
    public var poisoned = 0
    /// Deletions that a guard held back since the last reconcile.
    public var heldDeletes = 0
    /// When the last reconcile ended that read both listings whole.
    public var lastReconcile: Timestamp?
    /// Both sides were identical as of then: the beginning of the last reconcile that left nothing different.
    public var lastIdentical: Timestamp?
    /// Why no deletion is done until a person says so; nil if they are.
    public var deletesPaused: String?
    /// Why the last reconcile's deletions were not done; nil if they were.
    public var objection: String?
    /// As of the last reconcile and what was done since.
    public var source = Amount()
    public var target = Amount()
    /// Since the watch began.
    public var copied = Amount()
    public var metadata = 0
    public var deleted = 0
    public var failures = 0

    public init() {}
}
