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
        state.withLock { state in
            state.pending[fact] = .some(value)
            _ = begin(&state)
        }
    }

    /// Waits until all that was noted is written, or the journal refuses: then it is tried again with the next note or
    /// flush.
    func flush() async {
        if let writer = state.withLock({ begin(&$0) }) { await writer.value }
    }

    /// The writer at work, begun where there is something to write.
    private func begin(_ state: inout State) -> Task<Void, Never>? {
        let body: @Sendable () async -> Void = { await self.write() }
        if state.writer == nil, !state.pending.isEmpty {
            state.writer = Task(executorPreference: executor, operation: body)
        }
        return state.writer
    }

    private func write() async {
        while let (fact, value) = take() {
            if await journal.setFact(fact.rawValue, value) { continue }
            return state.withLock { state in
                state.writer = nil
                if state.pending[fact] == nil { state.pending[fact] = .some(value) }
            }
        }
    }

    private func take() -> (WatchEffect.Fact, String?)? {
        state.withLock { state in
            let next = state.pending.first
            if let next { state.pending[next.key] = nil } else { state.writer = nil }
            return next.map { ($0.key, $0.value) }
        }
    }
}
