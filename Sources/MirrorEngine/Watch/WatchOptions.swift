/// How a watch learns of changes, and how often it looks for itself.
public struct WatchOptions: Hashable, Sendable {
    public enum Events: String, Hashable, Sendable, CaseIterable {
        /// Listen where the server can, else poll.
        case auto
        case listen
        case poll
    }

    public var events = Events.auto
    /// The shortest time from the end of one poll to the next; polls come at most ten times as far apart.
    public var pollInterval = Duration.seconds(2)
    /// From one reconcile to the next while events are listened to, a tenth more or less.
    public var reconcileInterval = Duration.seconds(3600)
    /// Deletions within this time are measured together.
    public var deletionWindow = Duration.seconds(600)

    /// Before a stream of events that is refused is asked for again; one that the server does not know, 30 times that.
    package var listenRetry = Duration.seconds(10)
    /// From the first reconcile after a process that did not end in order to the second one.
    package var secondReconcile = Duration.seconds(60)
    /// From one look for new buckets to the next.
    package var bucketInterval = Duration.seconds(5)
    /// Keys that wait in memory at most.
    package var depth = 8192
    /// Keys that wait for another try at most. Of those that fail for their own reasons, more are forgotten until the next
    /// reconcile finds them; those that wait for a server go to the journal.
    package var retryLimit = 10_000

    public init() {}
}
