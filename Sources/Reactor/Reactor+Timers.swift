import Runtime

extension Reactor {
    /// Suspends the calling task until `deadline` (monotonic nanoseconds); it must run on a reactor.
    ///
    /// Returns early, without an error, when the task is cancelled: callers look at `Task.isCancelled` when they go on.
    static func sleep(until deadline: Int64) async {
        let reactor = required()
        let id = reactor.timers.reserve()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume()
                } else {
                    reactor.timers.add(id, at: deadline) { continuation.resume() }
                }
            }
        } onCancel: {
            reactor.post { reactor.timers.take(id)?() }
        }
    }

    /// Runs `body` on this thread at `deadline` (monotonic nanoseconds). For the reactor's thread.
    public func schedule(at deadline: Int64, _ body: @escaping () -> Void) {
        timers.add(timers.reserve(), at: deadline, body)
    }

    /// Takes the time anew, where much was done since the turn began. For the reactor's thread.
    @discardableResult
    public func refreshNow() -> Int64 {
        now = MonotonicClock.nanoseconds()
        return now
    }
}
