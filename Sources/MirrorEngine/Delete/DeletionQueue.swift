import Journal
import ObjectModel
import Runtime
import Stores

/// Deletes for all jobs of a watch, in batches as they come together, under the guards.
///
/// Whoever puts a key in has just seen the source answer that it is not there. Before each batch the source is asked for
/// its bucket or its first key: a bucket that is gone fails the batch, and one that is empty explains only those absences
/// that the source itself told by an event.
final class DeletionQueue: Sendable {
    enum Outcome: Sendable {
        case deleted
        /// A guard holds it back, for this reason.
        case held(String)
    }

    private struct Entry {
        let extra: Extra
        let isRemoval: Bool
        let continuation: CheckedContinuation<Result<Outcome, ObjectFailure>, Never>
    }

    private struct State {
        var waiting: [Entry] = []
        var isRunning = false
        var window: DeletionWindow
        var paused: String?
        /// Deletions that a person wants done and that are not measured, as many as are not done yet.
        var allowance = 0
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let source: any ObjectStore
    private let target: any ObjectStore
    private let options: MirrorOptions
    private let time: any Time
    private let executor: any TaskExecutor
    private let state: Mutex<State>
    /// What the target has at present.
    struct Count: Sendable {
        var objects: Int
        /// Objects that were created there since the watch began.
        var created: Int
    }

    /// Nil while no listing has told.
    private let targetCount: @Sendable () -> Count?
    /// Called when deletions are paused.
    private let onPause: @Sendable (String) -> Void
    private static let batch = 1000
    /// How the reason begins why deletions of an empty source are held back.
    static let emptySource = "the source is empty"

    init(
        source: any ObjectStore, target: any ObjectStore, options: MirrorOptions, window: Duration, time: any Time,
        executor: any TaskExecutor,
        targetCount: @escaping @Sendable () -> Count?, onPause: @escaping @Sendable (String) -> Void
    ) {
        self.source = source
        self.time = time
        self.executor = executor
        self.target = target
        self.options = options
        self.targetCount = targetCount
        self.onPause = onPause
        state = Mutex(
            State(
                window: DeletionWindow(
                    length: window, limit: options.deletionGuard, now: time.now())))
    }

    /// Why deletions are paused, if they are.
    var paused: String? { state.withLock { $0.paused } }

    /// Takes up a pause of an earlier process.
    func pause(_ reason: String) { state.withLock { $0.paused = reason } }

    func resume() {
        let created = targetCount()?.created ?? 0
        state.withLock { state in
            state.paused = nil
            state.window.reset(created: created, now: time.now())
        }
    }

    /// How many deletions are done without being measured.
    var allowance: Int { state.withLock { $0.allowance } }

    /// A person has seen that so many deletions are due and wants them done.
    func allow(_ count: Int) { state.withLock { $0.allowance = count } }

    /// Takes note of what was created so far; to be called every minute at least.
    func sample() {
        guard let count = targetCount() else { return }
        state.withLock { $0.window.sample(created: count.created, now: time.now()) }
    }

    /// Deletes `extra` from the target, with others that come at the same time.
    func delete(_ extra: Extra, isRemoval: Bool) async throws(ObjectFailure) -> Outcome {
        let result = await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                state.waiting.append(Entry(extra: extra, isRemoval: isRemoval, continuation: continuation))
                defer { state.isRunning = true }
                return !state.isRunning
            }
            guard isFirst else { return }
            let body: @Sendable () async -> Void = { await self.work() }
            let task = Task(executorPreference: executor, operation: body)
            let isCancelled = state.withLock { state in
                state.task = task
                return state.isCancelled
            }
            if isCancelled { task.cancel() }
        }
        return try result.get()
    }

    /// Ends what is under way, and fails what comes.
    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    private func work() async {
        while true {
            let batch = state.withLock { state -> [Entry] in
                let batch = Array(state.waiting.prefix(Self.batch))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isRunning = false }
                return batch
            }
            guard !batch.isEmpty else { return }
            let outcomes = await delete(batch)
            for (entry, outcome) in zip(batch, outcomes) { entry.continuation.resume(returning: outcome) }
        }
    }

    private func delete(_ batch: [Entry]) async -> [Result<Outcome, ObjectFailure>] {
        var outcomes = [Result<Outcome, ObjectFailure>](repeating: .success(.deleted), count: batch.count)
        var isAdmitted = false
        do {
            let isEmpty = try await isSourceEmpty(batch)
            var due: [Int] = []
            for (index, entry) in batch.enumerated() {
                if isEmpty, !entry.isRemoval, !options.deletionGuard.allowsEmptySource {
                    outcomes[index] = .success(
                        .held("\(Self.emptySource); if that is meant, say --allow-empty-source"))
                } else {
                    due.append(index)
                }
            }
            guard !due.isEmpty else { return outcomes }
            if let reason = try admit(due.count) {
                for index in due { outcomes[index] = .success(.held(reason)) }
                return outcomes
            }
            isAdmitted = true
            try await delete(batch, due, &outcomes)
        } catch {
            outcomes = Array(repeating: .failure(ObjectFailure(error)), count: batch.count)
        }
        if isAdmitted { takeBack(outcomes) }
        return outcomes
    }

    /// Whether the source has no key, where that matters; throws where it has no bucket.
    private func isSourceEmpty(_ batch: [Entry]) async throws -> Bool {
        // For a key that the source itself told to be removed the bucket is enough, which servers tell more cheaply.
        let isTold = options.deletionGuard.allowsEmptySource || batch.allSatisfy(\.isRemoval)
        if isTold, try await source.exists() { return false }
        return try await source.isEmpty()
    }

    /// What the target refused is tried again and must not count each time. An answer that was lost may mean a deletion.
    private func takeBack(_ outcomes: [Result<Outcome, ObjectFailure>]) {
        let refused = outcomes.count { outcome in
            switch outcome {
            case .failure(.server(let error)): error.wasAnswered
            case .failure(.notDeleted): true
            default: false
            }
        }
        if refused > 0 { state.withLock { $0.window.takeBack(refused) } }
    }

    private func delete(
        _ batch: [Entry], _ due: [Int], _ outcomes: inout [Result<Outcome, ObjectFailure>]
    ) async throws {
        var kept: [Int] = []
        for index in due {
            do throws(StoreError) {
                if let trash = options.trash {
                    try await target.keep(batch[index].extra.key, size: batch[index].extra.size, under: trash)
                }
                kept.append(index)
            } catch {
                // Gone already: there is nothing to keep.
                if error.kind != .noSuchKey { outcomes[index] = .failure(.server(error)) }
            }
        }
        guard !kept.isEmpty else { return }
        let failures = try await target.delete(kept.map { batch[$0].extra.key })
        var reported: [ObjectKey] = []
        for (index, failure) in zip(kept, failures) {
            if let failure {
                outcomes[index] = .failure(.server(failure))
            } else {
                reported.append(batch[index].extra.key)
            }
        }
        let survivors = try await DeletionCheck.survivors(of: reported, in: target)
        for index in kept where survivors.contains(batch[index].extra.key) {
            outcomes[index] = .failure(DeletionCheck.failure(batch[index].extra.key, target))
        }
    }

    /// Counts `count` deletions, or says why they must not be done.
    private func admit(_ count: Int) throws(ObjectFailure) -> String? {
        let present = targetCount()
        let isCounted = if case .count = options.deletionGuard.limit { true } else { false }
        // Of how many it would be a part is not known yet: later.
        if present == nil, !isCounted { throw .changed }
        let (objects, created) = (present?.objects ?? 0, present?.created ?? 0)
        let now = time.now()
        let (objection, isNew) = state.withLock { state -> (String?, Bool) in
            if let paused = state.paused { return (paused, false) }
            let measured = max(0, count - state.allowance)
            let objection =
                measured == 0
                ? nil
                : state.window.objection(adding: measured, targetObjects: objects, created: created, now: now)
            if let objection {
                state.paused = objection
                return (objection, true)
            }
            state.allowance -= count - measured
            state.window.add(measured, created: created, now: now)
            return (nil, false)
        }
        if isNew, let objection { onPause(objection) }
        return objection
    }
}
