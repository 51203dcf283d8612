import Journal
import ObjectModel
import Runtime
import Stores

/// Keys that found no room in the dirty set: kept in the journal, so that a burst of any size costs bounded memory.
///
/// Whoever reads the event stream puts keys in without waiting; one task writes them down and takes them back.
final class Overflow: Sendable {
    private struct State {
        /// Not yet written down.
        var buffer: [ObjectKey: PendingKey] = [:]
        /// In the journal, as far as it is known.
        var written = 0
        /// On their way to the journal.
        var moving = 0
        var oldestMoving: Timestamp?
        var oldestWritten: Timestamp?
        /// Some of what is in the journal may be an earlier process's, dated by another clock.
        var hasEarlier = false
        var failure: String?
    }

    private let journal: Journal
    private let acknowledgements: Acknowledgements
    private let mirror: String
    private let state = Mutex(State())
    private let time: any Time
    /// The clocks when this began: monotonic nanoseconds, and milliseconds of the wall's. Ages are told by the first one
    /// alone, as the other may be set.
    private let began: (now: Int64, wall: Int64)
    /// Keys held in memory while the disk is slow. Beyond, they are dropped, which only a reconcile mends.
    private static let limit = 50_000
    private static let batch = 1000

    init(
        _ journal: Journal, mirror: String, _ acknowledgements: Acknowledgements = Acknowledgements(), time: any Time
    ) {
        self.journal = journal
        self.time = time
        began = (time.now(), time.wall().milliseconds)
        self.acknowledgements = acknowledgements
        self.mirror = mirror
    }

    /// Learns what an earlier process left.
    func load() async {
        await attempt { [mirror] journal in
            let (count, oldest) = (
                try await journal.pendingCount(mirror: mirror), try await journal.oldestPending(mirror: mirror)
            )
            state.withLock { state in
                state.written = count
                state.oldestWritten = oldest
                state.hasEarlier = count > 0
            }
        }
    }

    // MARK: Dates

    /// The date by which a key is written down that is known since `since` (monotonic nanoseconds).
    func date(_ since: Int64) -> Timestamp { Timestamp(milliseconds: began.wall + (since - began.now) / 1_000_000) }

    /// Since when a key is known that has this date, in monotonic nanoseconds: never later than now.
    func since(_ date: Timestamp) -> Int64 {
        let limit: Int64 = 9_000_000_000_000
        let lead = max(-limit, min(limit, date.milliseconds.addingSaturated(-began.wall)))
        return min(time.now(), began.now.addingSaturated(lead * 1_000_000))
    }

    // MARK: Keys

    /// Keys that wait here.
    var count: Int { state.withLock { $0.buffer.count + $0.moving + $0.written } }

    /// The date of the oldest of them.
    var oldest: Timestamp? {
        state.withLock { state in
            [
                state.buffer.values.lazy.map(\.since).min(), state.oldestMoving,
                state.written > 0 ? state.oldestWritten : nil,
            ].compactMap(\.self).min()
        }
    }

    /// The first failure of the journal.
    var failure: String? { state.withLock { $0.failure } }

    /// False if there is no room for it here either.
    func add(_ key: PendingKey) -> Bool {
        state.withLock { state in
            guard state.buffer.count < Self.limit else { return false }
            var key = key
            if let known = state.buffer[key.key] {
                key.since = min(key.since, known.since)
                key.isListed = key.isListed || known.isListed
            }
            state.buffer[key.key] = key
            return true
        }
    }

    /// Writes down what waits in memory.
    func writeDown() async {
        while true {
            let batch = state.withLock { state -> [PendingKey] in
                let batch = Array(state.buffer.values.prefix(Self.batch))
                for key in batch { state.buffer[key.key] = nil }
                state.moving = batch.count
                state.oldestMoving = batch.lazy.map(\.since).min()
                return batch
            }
            guard !batch.isEmpty else { return }
            let told = batch.map { ($0.key, acknowledgements.take($0.key)) }
            let isDone = await attempt { [mirror] in try await $0.addPending(mirror: mirror, batch) }
            for (key, acknowledgements) in told {
                if isDone {
                    for acknowledgement in acknowledgements { acknowledgement.letGo() }
                } else {
                    self.acknowledgements.putBack(acknowledgements, for: key)
                }
            }
            state.withLock { state in
                defer { (state.moving, state.oldestMoving) = (0, nil) }
                if isDone {
                    state.written += batch.count
                    state.oldestWritten = [state.oldestWritten, state.oldestMoving].compactMap(\.self).min()
                } else {
                    for key in batch where state.buffer[key.key] == nil { state.buffer[key.key] = key }
                }
            }
            guard isDone else { return }
        }
    }

    /// Takes keys back, those first that have waited longest.
    func take() async -> [PendingKey] {
        guard state.withLock({ $0.written > 0 }) else { return [] }
        let taken = Mutex<[PendingKey]>([])
        let isTaken = await attempt { [mirror] journal in
            let keys = try await journal.takePending(mirror: mirror, limit: Self.batch)
            taken.withLock { $0 = keys }
        }
        guard isTaken else { return [] }
        var keys = taken.withLock { $0 }
        // They are out of the journal now, whether it tells the rest or not.
        let rest = Mutex<Timestamp??>(nil)
        await attempt { [mirror] journal in
            let oldest = try await journal.oldestPending(mirror: mirror)
            rest.withLock { $0 = .some(oldest) }
        }
        let oldest = rest.withLock { $0 } ?? keys.last?.since
        let hasEarlier = state.withLock { state -> Bool in
            defer { if oldest == nil { state.hasEarlier = false } }
            state.written = oldest == nil ? 0 : max(1, state.written - keys.count)
            state.oldestWritten = oldest
            return state.hasEarlier
        }
        // An earlier process's clock may have been ahead: it was known before this one began, at least.
        if hasEarlier {
            for index in keys.indices { keys[index].since = min(keys[index].since, date(began.now)) }
        }
        return keys
    }

    @discardableResult
    private func attempt(_ body: (Journal) async throws -> Void) async -> Bool {
        do {
            try await body(journal)
            return true
        } catch {
            state.withLock { if $0.failure == nil { $0.failure = "\(error)" } }
            return false
        }
    }
}
