import ObjectModel

/// What is to be done because a watch's state changed. Nothing of it is done by the state itself.
enum WatchEffect: Sendable {
    // Done while the state is locked, so that what the state says last is done last.
    /// Listen to the stream, as number so-and-so.
    case openFeed(number: Int)
    case closeFeed
    /// Begin a reconcile; one is under way from now on.
    case begin(Preparation)
    /// Let jobs be begun, or none.
    case openGate
    case closeGate
    /// Let one job through the closed gate.
    case allowOne
    /// Try all keys now that wait for another try.
    case wakeKeys
    /// Those alone that wait for a server.
    case wakeConditions
    /// Keep a fact in the journal; nil: forget it.
    case remember(Fact, String?)
    /// Send `WatchInput.wake` at this time (monotonic nanoseconds) and not before; `.max`: never.
    case wake(at: Int64)

    // Done outside of the lock, in the order in which the state said so.
    case tell(WatchEvent)
    /// Mark keys to be looked at.
    case lookAgain([ObjectKey])
    /// Ask both servers for a sign of life.
    case askServers

    // For the one who gave the input.
    case read(ReadPlan)
    /// Mark the keys that only the target has. Without it they stay as they are.
    case markExtras
    case again(Again)
    case deletions(Deletions.Answer)
    /// Write down that both sides were identical when the reconcile began that began then.
    case recordIdentity(Timestamp)

    /// What is seen to before the listings are read.
    struct Preparation: Hashable, Sendable {
        /// The target's bucket may have to be made.
        var makesTarget: Bool
        /// The last one failed: both sides must answer first.
        var asksServers: Bool
    }

    struct ReadPlan: Sendable {
        /// Whether headers are compared that an earlier process saw the target drop.
        var comparesDropped: Bool
        /// Whether all headers are compared, where they are not too many.
        var comparesHeaders: Bool
        /// Headers of objects modified since then may have changed unseen.
        var lastGood: Reconciler.LastGood?
    }

    /// What becomes of a key whose job failed.
    enum Again: Hashable, Sendable {
        /// Nothing: the watch ends, or there are too many that fail for their own reasons, and the next reconcile finds
        /// it.
        case forget
        /// It waits at once, for a server that is away.
        case putBack(attempt: Int)
        /// It waits until `due`, monotonic nanoseconds.
        case later(attempt: Int, due: Int64, isCondition: Bool)
        /// It waits on disk: too many wait in memory.
        case putAside(attempt: Int)
    }

    /// What is kept over a restart.
    enum Fact: String, Hashable, Sendable {
        case deletesPaused = "deletes-paused"
        case emptySource = "empty-source"
    }
}
