import Runtime
import S3

/// Lets one task sleep until a time or until somebody rings. Rings that nobody waits for are kept, as one.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let sleeper = state.sleeper else {
                state.isRung = true
                return nil
            }
            state.sleeper = nil
            return sleeper
        }
        sleeper?.resume()
    }

    /// Waits for a ring, for the deadline (monotonic nanoseconds), or for the task's cancellation. On a reactor, by one
    /// task at a time.
    func wait(until deadline: Int64) async {
        let rest = deadline - MonotonicClock.nanoseconds()
        guard rest > 0, !Task.isCancelled else {
            state.withLock { $0.isRung = false }
            return
        }
        let body: @Sendable () async -> Void = {
            await Reactor.sleep(for: .nanoseconds(min(rest, 3_600_000_000_000)))
            if !Task.isCancelled { self.ring() }
        }
        let timer = Task(executorPreference: Reactor.required(), operation: body)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    if state.isRung || Task.isCancelled { return true }
                    state.sleeper = continuation
                    return false
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
        timer.cancel()
        state.withLock { $0.isRung = false }
    }
}
