public import Runtime

/// Lets so many tasks through at once, in the order they came.
///
/// Who goes on keeps its place. Who does not for a while, because a server is slow or what it fills is full, keeps it only
/// as long as nobody else waits: then the place goes to the first in line, and its holder waits for another one, behind
/// all others, before it goes on. So one that hangs holds up nobody, and no more work at once than there are places.
public final class Turnstile: Sendable {
    private struct Waiter {
        /// Of the holder that is to be.
        let id: UInt64
        /// Tasks of this holder that wait, each with a number.
        var tasks: [(number: UInt64, continuation: CheckedContinuation<Bool, Never>)]
    }

    private struct State {
        /// When each holder went on last, in monotonic nanoseconds.
        var holders: [UInt64: Int64] = [:]
        var queue: [Waiter] = []
        var lastNumber: UInt64 = 0

        mutating func number() -> UInt64 {
            lastNumber += 1
            return lastNumber
        }

        /// Notes that `id` goes on, where it has a place or one is free.
        mutating func take(_ id: UInt64, _ now: Int64, _ places: Int) -> Bool {
            guard holders[id] != nil || queue.isEmpty && holders.count < places else { return false }
            holders[id] = now
            return true
        }

        /// Lets the first in line in; what is to be resumed with true.
        mutating func letOneIn(_ now: Int64) -> [CheckedContinuation<Bool, Never>] {
            guard !queue.isEmpty else { return [] }
            let next = queue.removeFirst()
            holders[next.id] = now
            return next.tasks.map(\.continuation)
        }
    }

    private let places: Int
    private let patience: Int64
    private let time: any Time
    private let state = Mutex(State())

    /// - Parameters:
    ///   - places: 1 or more.
    ///   - patience: how long a holder may stand still while others wait. Who waits sleeps by `time`.
    public init(places: Int, patience: Duration = .milliseconds(250), time: any Time) {
        self.places = places
        self.patience = patience.nanoseconds
        self.time = time
    }

    /// A place that is held.
    public struct Place: Sendable {
        fileprivate let turnstile: Turnstile
        fileprivate let id: UInt64

        /// Says that its holder goes on; where the place was given away meanwhile, waits for another one first. From any of
        /// the holder's tasks.
        ///
        /// - Throws: `CancellationError` where the task is cancelled while it waits.
        public func goOn() async throws { try await turnstile.goOn(id) }
    }

    /// Throws `CancellationError` where the task is cancelled while it waits.
    public func with<T>(_ body: (Place) async throws -> T) async throws -> T {
        let id = state.withLock { $0.number() }
        try await goOn(id)
        defer { leave(id) }
        return try await body(Place(turnstile: self, id: id))
    }

    private func goOn(_ id: UInt64) async throws {
        try Task.checkCancellation()
        let now = time.now()
        if state.withLock({ $0.take(id, now, places) }) { return }
        let number = state.withLock { $0.number() }
        let isLetIn = await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pushForward(id) }
            let isLetIn = await self.wait(id, number)
            group.cancelAll()
            return isLetIn
        }
        guard isLetIn else { throw CancellationError() }
    }

    private func wait(_ id: UInt64, _ number: UInt64) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = time.now()
                let answer = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    if state.take(id, now, places) { return true }
                    if let index = state.queue.firstIndex(where: { $0.id == id }) {
                        state.queue[index].tasks.append((number, continuation))
                    } else {
                        state.queue.append(Waiter(id: id, tasks: [(number, continuation)]))
                    }
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            giveUp(number)
        }
    }

    /// Takes places from holders that stand still, as long as `id` waits for one.
    private func pushForward(_ id: UInt64) async {
        while !Task.isCancelled {
            let now = time.now()
            let (isLetIn, next) = state.withLock { state in
                var isLetIn: [CheckedContinuation<Bool, Never>] = []
                for (holder, last) in state.holders.sorted(by: { $0.value < $1.value }) {
                    guard now - last >= patience, !state.queue.isEmpty else { break }
                    state.holders[holder] = nil
                    isLetIn += state.letOneIn(now)
                }
                // Those behind look less often: the first one in line looks for all.
                let place = Int64(state.queue.firstIndex { $0.id == id } ?? 0)
                return (isLetIn, (state.holders.values.min() ?? now).addingSaturated((place + 1) * patience))
            }
            for each in isLetIn { each.resume(returning: true) }
            await time.sleep(until: max(next, now + 1))
        }
    }

    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            for index in state.queue.indices {
                guard let task = state.queue[index].tasks.firstIndex(where: { $0.number == number }) else { continue }
                let continuation = state.queue[index].tasks.remove(at: task).continuation
                if state.queue[index].tasks.isEmpty { state.queue.remove(at: index) }
                return continuation
            }
            return nil
        }
        waiter?.resume(returning: false)
    }

    private func leave(_ id: UInt64) {
        let now = time.now()
        let isLetIn = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            guard state.holders.removeValue(forKey: id) != nil else { return [] }
            return state.letOneIn(now)
        }
        for each in isLetIn { each.resume(returning: true) }
    }
}
