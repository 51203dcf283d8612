public import ObjectModel
import Runtime

/// A feed of changes, however it is had. No feed is trusted to be complete: what it tells is a hint, the truth is what a
/// look at both sides says.
public protocol ChangeStream: Sendable {
    /// Tells changes until the stream ends, which is always an error.
    ///
    /// - Parameters:
    ///   - onLive: called once, when from then on no change is missed.
    ///   - onChanges: called with at least one change each time; must neither block nor wait.
    /// - Throws: `.notImplemented` where the store has no such stream, `.cancelled` where the task was cancelled.
    func listen(
        onLive: @escaping @Sendable () -> Void, onChanges: @escaping @Sendable ([KeyChange]) -> Void
    ) async throws(StoreError) -> Never
}

/// One change that a feed tells of: a hint that a key may have changed.
public struct KeyChange: Sendable {
    public enum Kind: Sendable, Hashable {
        /// Written, copied, completed, or given other tags.
        case created
        /// Deleted, or hidden by a delete marker.
        case removed
        case other
    }

    public var kind: Kind
    public var bucket: String
    /// The readings of the full key that may be meant; at least one, at most two, as some senders encode keys and do not
    /// say so.
    public var keys: [ObjectKey]
    /// In bytes, of the object that was written; nil where the feed does not say.
    public var size: Int64?
    public var etag: ETag?
    /// When it happened, by the store's clock.
    public var time: Timestamp?
    /// Wanted by a feed that remembers: told once every key is settled or written down, so that the feed may forget it.
    public var acknowledgement: Acknowledgement?

    public init(
        kind: Kind, bucket: String, keys: [ObjectKey], size: Int64? = nil, etag: ETag? = nil, time: Timestamp? = nil,
        acknowledgement: Acknowledgement? = nil
    ) {
        self.kind = kind
        self.bucket = bucket
        self.keys = keys
        self.size = size
        self.etag = etag
        self.time = time
        self.acknowledgement = acknowledgement
    }
}

/// What a feed waits for before it forgets a change. Safe from every thread.
///
/// It is held by every key that the change marked, and told when the last of them lets it go: settled, written down, or out
/// of scope. A process that dies lets nothing go, so the feed tells the change again.
public final class Acknowledgement: Sendable {
    private struct State {
        var holders = 0
        var isTold = false
    }

    private let state = Mutex(State())
    private let tell: @Sendable () -> Void

    /// `tell` is called once at most, from any thread, and must not block.
    public init(_ tell: @escaping @Sendable () -> Void) {
        self.tell = tell
    }

    /// One holder more.
    public func hold() { state.withLock { $0.holders += 1 } }

    /// One holder less; the last one has the feed told.
    public func letGo() {
        let mustTell = state.withLock { state in
            state.holders -= 1
            guard state.holders <= 0, !state.isTold else { return false }
            state.isTold = true
            return true
        }
        if mustTell { tell() }
    }
}
