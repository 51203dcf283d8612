import Journal
import ObjectModel
import Runtime
import Stores

/// Gathers the deletions of all jobs of a watch into batches as they come together, and has them done under its guards.
final class DeletionQueue: Sendable {
    private struct Entry {
        let candidate: Deletion.Candidate
        let continuation: CheckedContinuation<Deletion.Result, Never>
    }

    private struct State {
        var waiting: [Entry] = []
        var isRunning = false
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let deletion: Deletion
    private let batch: Int
    private let executor: any TaskExecutor
    private let state: Mutex<State>
    /// Whether so many may be done now, which counts them; and what became of those that might.
    private let admit: @Sendable (Int) -> Deletions.Answer
    private let ended: @Sendable (Deletions.Admitted, Deletion.Report) -> Void

    init(
        source: any ObjectStore, target: any ObjectStore, options: MirrorOptions, executor: any TaskExecutor,
        admit: @escaping @Sendable (Int) -> Deletions.Answer,
        ended: @escaping @Sendable (Deletions.Admitted, Deletion.Report) -> Void
    ) {
        deletion = Deletion(source: source, target: target, options: options, asksForEmptySource: true)
        batch = target.capabilities.deletesAtOnce
        self.executor = executor
        self.admit = admit
        self.ended = ended
        state = Mutex(State())
    }

    /// Deletes `extra` from the target, with others that come at the same time.
    func delete(_ extra: Extra, isRemoval: Bool) async throws(ObjectFailure) -> Deletion.Outcome {
        let result = await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                state.waiting.append(
                    Entry(
                        candidate: Deletion.Candidate(extra: extra, isRemoval: isRemoval), continuation: continuation))
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
                let batch = Array(state.waiting.prefix(self.batch))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isRunning = false }
                return batch
            }
            guard !batch.isEmpty else { return }
            let outcomes = await delete(batch)
            for (entry, outcome) in zip(batch, outcomes) { entry.continuation.resume(returning: outcome) }
        }
    }

    private func delete(_ batch: [Entry]) async -> [Deletion.Result] {
        let admitted = Mutex<Deletions.Admitted?>(nil)
        let report = await deletion.delete(batch.map(\.candidate)) { [admit] due throws(ObjectFailure) in
            switch admit(due.count) {
            case .admitted(let those):
                admitted.withLock { $0 = those }
                return nil
            case .held(let reason, _): return reason
            case .unknown: throw .changed
            }
        }
        if let admitted = admitted.withLock({ $0 }) { ended(admitted, report) }
        return report.results
    }
}
