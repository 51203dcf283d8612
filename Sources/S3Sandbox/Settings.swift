import ObjectModel
import Runtime

/// The server's present behaviour, which a test may change while it runs.
final class Settings: Sendable {
    private let start: Behaviour
    private let present: Mutex<Behaviour>

    init(_ behaviour: Behaviour) {
        start = behaviour
        present = Mutex(behaviour)
    }

    var behaviour: Behaviour {
        get { present.withLock { $0 } }
        set { present.withLock { $0 = newValue } }
    }

    /// The time that this server believes it is.
    var now: Timestamp { Clock.now(offset: behaviour.clockOffset) }

    /// Back to how the server was started, with what the JSON object says changed.
    func replace(json: [UInt8]) throws {
        behaviour = try Behaviour.decode(json, over: start)
    }

    func reset() {
        behaviour = start
    }
}
