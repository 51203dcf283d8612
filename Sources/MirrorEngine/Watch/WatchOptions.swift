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

    public init() {}
}
