import Runtime

/// The bytes that all transfers of the process may hold in memory at once. Safe from every thread; served in order.
public final class ByteBudget: Sendable {
    private struct State {
        var available: Int
        var waiters: [(bytes: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    public let capacity: Int
    private let state: Mutex<State>

    /// `capacity` in bytes. A request for more than that waits until it can have all of it.
    public init(capacity: Int) {
        self.capacity = capacity
        state = Mutex(State(available: capacity))
    }

    /// Runs `body` while holding `bytes`.
    public func with<T>(_ bytes: Int, _ body: () async throws -> T) async rethrows -> T {
        let bytes = min(bytes, capacity)
        await acquire(bytes)
        defer { release(bytes) }
        return try await body()
    }

    private func acquire(_ bytes: Int) async {
        await withCheckedContinuation { continuation in
            let isGranted = state.withLock { state in
                guard state.waiters.isEmpty, state.available >= bytes else {
                    state.waiters.append((bytes, continuation))
                    return false
                }
                state.available -= bytes
                return true
            }
            if isGranted { continuation.resume() }
        }
    }

    private func release(_ bytes: Int) {
        let granted = state.withLock { state in
            state.available += bytes
            var granted: [CheckedContinuation<Void, Never>] = []
            while let first = state.waiters.first, state.available >= first.bytes {
                state.available -= first.bytes
                granted.append(first.continuation)
                state.waiters.removeFirst()
            }
            return granted
        }
        for continuation in granted { continuation.resume() }
    }
}
