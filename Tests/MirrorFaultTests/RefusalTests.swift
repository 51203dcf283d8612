import Journal
import ObjectModel
import Reactor
import Runtime
import S3
import S3Sandbox
import S3Store
import Testing

@testable import MirrorEngine

@Suite("A server that wants fewer requests", .timeLimit(.minutes(10)))
struct RefusalTests {
    /// The lowest that a limit was while a run went on.
    private struct Lowest {
        var reads = Int.max
        var writes = Int.max
    }

    @Test("throttles itself alone, also where its bytes go straight to another one", arguments: [true, false])
    func refusal(isSource: Bool) async throws {
        let stage = try Stage()
        defer { stage.stop() }
        // Too large to be held: they are relayed.
        for index in 0..<40 { try stage.put(ObjectKey("k\(index)"), patterned(200_000, seed: UInt64(index))) }
        let (source, target) = (stage.store(stage.source, "source"), stage.store(stage.target, "target"))
        let (reads, writes) = (source.client.reads.current, target.client.writes.current)
        let lowest = Mutex(Lowest())
        let look: @Sendable () -> Void = {
            lowest.withLock { lowest in
                lowest.reads = min(lowest.reads, source.client.reads.current)
                lowest.writes = min(lowest.writes, target.client.writes.current)
            }
        }
        for server in [stage.source, stage.target] {
            server.faults.add(FaultRule("look", FaultRule.Match(), .hook(.beforeOperation, look)))
        }
        let match = FaultRule.Match(operations: [isSource ? .getObject : .putObject], after: 3, times: 6)
        (isSource ? stage.source : stage.target).faults.add(
            FaultRule("busy", match, .status(.init(503, code: "SlowDown"))))
        var options = MirrorOptions()
        options.backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(4))
        let run = MirrorRun(
            source: source, target: target, options: options, journal: nil, budget: ByteBudget(capacity: 20 << 20),
            surroundings: .system, executors: [stage.reactor]
        ) { _ in }
        let summary = await run.run()
        look()
        #expect(summary.status == .ok, "\(summary.error ?? "")")
        #expect((isSource ? stage.source : stage.target).faults.hits("busy") == 6)
        lowest.withLock { lowest in
            #expect((lowest.reads < reads) == isSource, "\(lowest)")
            #expect((lowest.writes < writes) == !isSource, "\(lowest)")
        }
        #expect(try stage.differences() == [])
    }
}
