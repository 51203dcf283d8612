import Journal
import ObjectModel
import Runtime
import S3
import Stores

/// Deletes for all jobs of a watch, in batches as they come together, under the guards.
///
/// Whoever puts a key in has just seen the source answer that it is not there. Before each batch the source is asked for
/// its bucket or its first key: a bucket that is gone fails the batch, and one that is empty explains only those absences
/// that the source itself told by an event.
final class DeletionQueue: Sendable {
    enum Outcome: Sendable {
        case deleted
        case held(HeldReason)
    }

    private struct Entry {
        let extra: Extra
        let isRemoval: Bool
        let continuation: CheckedContinuation<Result<Outcome, ObjectFailure>, Never>
    }

    private struct State {
        var waiting: [Entry] = []
        var isRunning = false
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let source: any ObjectStore
    private let target: any ObjectStore
    private let options: MirrorOptions
    private let state: Mutex<State>
    /// Whether so many may be done now, which counts them; and what became of those that might.
    private let admit: @Sendable (Int) -> Deletions.Answer
    private let ended: @Sendable (Deletions.Admitted, _ refused: Int) -> Void
    private static let batch = 1000

    init(
        source: any ObjectStore, target: any ObjectStore, options: MirrorOptions,
        admit: @escaping @Sendable (Int) -> Deletions.Answer,
        ended: @escaping @Sendable (Deletions.Admitted, _ refused: Int) -> Void
    ) {
        self.source = source
        self.target = target
        self.options = options
        self.admit = admit
        self.ended = ended
        state = Mutex(State())
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
            let task = Task(executorPreference: Reactor.required(), operation: body)
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
        var admitted: Deletions.Admitted?
        do {
            let isEmpty = try await isSourceEmpty(batch)
            var due: [Int] = []
            for (index, entry) in batch.enumerated() {
                if isEmpty, !entry.isRemoval, !options.deletionGuard.allowsEmptySource {
                    outcomes[index] = .success(.held(.emptySource(targetObjects: nil)))
                } else {
                    due.append(index)
                }
            }
            guard !due.isEmpty else { return outcomes }
            switch admit(due.count) {
            case .admitted(let those): admitted = those
            case .held(let reason, _):
                for index in due { outcomes[index] = .success(.held(reason)) }
                return outcomes
            case .unknown: throw ObjectFailure.changed
            }
            try await delete(batch, due, &outcomes)
        } catch {
            outcomes = Array(repeating: .failure(ObjectFailure(error)), count: batch.count)
        }
        if let admitted { ended(admitted, Self.refused(outcomes)) }
        return outcomes
    }

    /// Whether the source has no key, where that matters; throws where it has no bucket.
    private func isSourceEmpty(_ batch: [Entry]) async throws -> Bool {
        // For a key that the source itself told to be removed the bucket is enough, which servers tell more cheaply.
        let isTold = options.deletionGuard.allowsEmptySource || batch.allSatisfy(\.isRemoval)
        if isTold, try await source.exists() { return false }
        return try await source.isEmpty()
    }

    /// How many the target refused for sure. An answer that was lost may mean a deletion.
    private static func refused(_ outcomes: [Result<Outcome, ObjectFailure>]) -> Int {
        outcomes.count { outcome in
            switch outcome {
            case .failure(.server(let error)): error.status > 0
            case .failure(.notDeleted): true
            default: false
            }
        }
    }

    private func delete(
        _ batch: [Entry], _ due: [Int], _ outcomes: inout [Result<Outcome, ObjectFailure>]
    ) async throws {
        var kept: [Int] = []
        for index in due {
            do throws(S3Error) {
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
}
