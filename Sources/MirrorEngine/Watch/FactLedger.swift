import Runtime

/// Writes what a watch must remember to the journal: of each fact what became true last is written last.
final class FactLedger: Sendable {
    private struct State {
        var pending: [WatchEffect.Fact: String?] = [:]
        var writer: Task<Void, Never>?
    }

    private let journal: MirrorJournal
    private let executor: any TaskExecutor
    private let state = Mutex(State())

    init(_ journal: MirrorJournal, executor: any TaskExecutor) {
        self.journal = journal
        self.executor = executor
    }

    /// Has it written soon; returns at once.
    func note(_ fact: WatchEffect.Fact, _ value: String?) {
        let body: @Sendable () async -> Void = { await self.write() }
        state.withLock { state in
            state.pending[fact] = .some(value)
            if state.writer == nil { state.writer = Task(executorPreference: executor, operation: body) }
        }
    }

    /// Waits until all that was noted is written.
    func flush() async {
        while let writer = state.withLock({ $0.writer }) { await writer.value }
    }

    private func write() async {
        while let (fact, value) = take() { await journal.setFact(fact.rawValue, value) }
    }

    private func take() -> (WatchEffect.Fact, String?)? {
        state.withLock { state in
            let next = state.pending.first
            if let next { state.pending[next.key] = nil } else { state.writer = nil }
            return next.map { ($0.key, $0.value) }
        }
    }
}
