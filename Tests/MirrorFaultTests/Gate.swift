import Glibc
import Runtime
import S3Sandbox
import TestSupport
import Testing

/// Where requests to a server wait until it is opened.
final class Gate: Sendable {
    private let state = Mutex((waiting: 0, isOpen: false))

    func open() { state.withLock { $0.isOpen = true } }

    /// Returns when `count` requests wait.
    func reached(by count: Int = 1) async throws {
        try await Patience.until("\(count) at the gate") { state.withLock { $0.waiting >= count } }
    }

    var fault: FaultAction { .hook(.beforeOperation, { self.pass() }) }

    /// What the server did is done, and its answer waits.
    var answerFault: FaultAction { .hook(.afterOperation, { self.pass() }) }

    /// Holds up the requests of one operation on one key, the first `times` of them.
    func rule(_ operation: S3Sandbox.Operation, key: String, times: Int? = nil) -> FaultRule {
        FaultRule(key, .operation(operation, key: key, times: times), fault)
    }

    /// Waits no longer than tests do, so that one that fails ends.
    private func pass() {
        state.withLock { $0.waiting += 1 }
        let deadline = ContinuousClock.now + Patience.limit
        while !state.withLock({ $0.isOpen }), ContinuousClock.now < deadline {
            // usleep: a fault's hook runs on the thread of its connection, which may block.
            usleep(1000)
        }
    }
}
