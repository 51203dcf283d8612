/// How a stream of events is listened to, and when it counts as dead.
public struct ListenOptions: Sendable, Hashable {
    /// Seconds between keep-alives that the server is asked for, 1 or more. Servers before 2023-04, and some since, send
    /// one every half second instead.
    public var ping = 1
    /// Silence after which the connection counts as dead; several keep-alives long. Looked at twice a second.
    public var deadAfter: Duration = .seconds(4)
    /// How long the first byte may take from the request on: longer than `ping`, because servers send nothing before the
    /// first event or keep-alive.
    public var firstByteAfter: Duration = .seconds(10)

    public init() {}
}
