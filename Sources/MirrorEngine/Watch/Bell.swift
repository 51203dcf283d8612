import Runtime

/// Lets one task sleep until a time or until somebody rings. Rings that nobody waits for are kept, as one.
final class Bell: Sendable {
    private let time: any Time

    init(_ time: any Time) {
        self.time = time
    }

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
        let rest = deadline - time.now()
        guard rest > 0, !Task.isCancelled else {
            state.withLock { $0.isRung = false }
            return
        }
        let until = time.now().addingSaturated(min(rest, 3_600_000_000_000))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.time.sleep(until: until)
                if !Task.isCancelled { self.ring() }
            }
            await waitForRing()
            group.cancelAll()
        }
        state.withLock { $0.isRung = false }
    }

    private func waitForRing() async {
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
    }
}
