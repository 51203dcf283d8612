import Journal
import Reactor
import Testing

@testable import MirrorEngine

@Suite("Facts that a watch must remember")
struct FactLedgerTests {
    @Test("One that the journal refused is written as soon as it can be", .timeLimit(.minutes(5)))
    func refused() async throws {
        let reactor = Reactor(name: "facts")
        defer { reactor.stop() }
        let journal = try await Journal.temporary()
        // So that the mirror has a number already.
        try await journal.setFact(mirror: "m", "other", "1")
        let ledger = FactLedger(MirrorJournal(journal, mirror: "m", time: SystemTime()), executor: reactor)
        try await journal.forbidWriting()
        ledger.note(.deletesPaused, "too many")
        await ledger.flush()
        #expect(try await journal.fact(mirror: "m", WatchEffect.Fact.deletesPaused.rawValue) == nil)
        try await journal.forbidWriting(false)
        await ledger.flush()
        #expect(try await journal.fact(mirror: "m", WatchEffect.Fact.deletesPaused.rawValue) == "too many")
    }
}
