import Journal
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Testing

@testable import MirrorEngine

@Suite("A watch that ends and the next one", .timeLimit(.minutes(10)))
struct WatchStateTests {
    private func stage() throws -> Stage { try WatchChangeTests.stage() }

    @Test("What was pending at the end is worked by the next watch, though the source can't be listed")
    func pending() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let configure: (inout StagedWatch.Settings) -> Void = { $0.journal = journal }
        try stage.put("removed", [1])
        var name = ""
        try await stage.watched(configure) { watch in
            name = watch.watch.name
            try await watch.untilWatching()
            stage.target.stop()
            for index in 0..<30 { try stage.put(ObjectKey("k\(index)"), patterned(70, seed: UInt64(index))) }
            try stage.source.store.remove("removed", in: Stage.bucket)
            try await watch.until("all known") { watch.status.pending == 31 }
        }
        #expect(try await journal.pendingCount(mirror: name) == 31)
        let revived = try await stage.revive(stage.target)
        defer { revived.stop() }
        stage.source.faults.add(
            FaultRule("no listing", .operation(.listObjectsV2), .status(FaultAction.Failure(500))))
        try await stage.watched(configure) { watch in
            try await watch.until("all but the removal") { try stage.differences().allSatisfy { $0 == "removed" } }
            #expect(watch.told.outcomes.isEmpty)
            stage.source.faults.removeAll()
            try await watch.untilSame()
            try await watch.untilQuiet()
        }
        #expect(try await journal.pendingCount(mirror: name) == 0)
    }

    @Test("The age of a change goes on over a restart")
    func age() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let configure: (inout StagedWatch.Settings) -> Void = { $0.journal = journal }
        var known = ContinuousClock.now
        try await stage.watched(configure) { watch in
            try await watch.untilWatching()
            stage.target.stop()
            try stage.put("a", [1])
            try await watch.until("known") { watch.status.lag != nil }
            known = .now - (watch.status.lag ?? .zero)
            try await watch.pass(.milliseconds(1200))
        }
        try await stage.watched(configure) { watch in
            try await watch.until("known still") { watch.status.lag != nil }
            let (lag, age) = (watch.status.lag ?? .zero, ContinuousClock.now - known)
            #expect(lag > .seconds(1) && lag <= age + .milliseconds(20), "\(lag) of \(age)")
        }
    }

    @Test("That the last object was removed by a client is remembered over a restart")
    func evidence() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let configure: (inout StagedWatch.Settings) -> Void = { $0.journal = journal }
        try stage.put("last", [1])
        try await stage.watched(configure) { watch in
            try await watch.untilWatching()
            stage.target.stop()
            try stage.source.store.remove("last", in: Stage.bucket)
            try await watch.until("known") { watch.status.pending == 1 }
        }
        let revived = try await stage.revive(stage.target)
        defer { revived.stop() }
        try await stage.watched(configure) { watch in try await watch.untilSame() }
    }

    @Test("A stop while jobs are in flight lets them end, and begins nothing new")
    func drain() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let gate = Gate()
        defer { gate.open() }
        stage.target.faults.add(FaultRule("held up", .operation(.putObject), gate.fault))
        try await stage.watched {
            $0.journal = journal
            $0.mirror.maxWorkers = 2
            $0.firstByte = .seconds(60)
        } _: { watch in
            try await watch.untilWatching()
            for index in 0..<10 { try stage.put(ObjectKey("k\(index)"), [1]) }
            try await watch.until("in flight") { stage.target.faults.hits("held up") == 2 }
            let end = Task { await watch.stop() }
            try await watch.until("stopping") { watch.watch.isStopping }
            gate.open()
            await end.value
        }
        #expect(stage.target.store.keys(in: Stage.bucket).count == 2)
        try await stage.watched {
            $0.journal = journal
        } _: { watch in
            try await watch.untilSame()
        }
    }

    @Test("Two watches of one mirror may run beside each other, and both sides end the same")
    func twoWatches() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        try await stage.watched {
            $0.journal = journal
        } _: { first in
            try await first.untilWatching()
            try await stage.watched {
                $0.journal = journal
            } _: { second in
                for index in 0..<60 {
                    try stage.put(ObjectKey("k\(index % 20)"), patterned(50, seed: UInt64(index)))
                }
                for index in 0..<4 {
                    try stage.put(ObjectKey("p\(index)"), patterned(90_000, seed: UInt64(index)), partSize: 30_000)
                }
                try await second.untilSame()
                try await second.untilQuiet()
                try await first.untilQuiet()
                #expect(try stage.differences() == [])
            }
        }
        #expect(stage.targetUploads == 0)
    }

    @Test("An object that is replaced while its parts are asked for does not make the server one without that answer")
    func partsOfAnother() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let source = stage.source
        source.faults.add(
            FaultRule(
                "replaced",
                FaultRule.Match(operations: [.headObject], query: ["partNumber": "1"], times: 1),
                .hook(.beforeOperation, { try? Stage.put(source, "a", patterned(400, seed: 1)) })))
        try await stage.watched { watch in
            try await watch.untilWatching()
            try stage.put("a", patterned(250_000, seed: 2), partSize: 60_000)
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(source.faults.hits("replaced") == 1)
            // In parts of a size that nobody would guess.
            try stage.put("a", patterned(250_000, seed: 3), partSize: 61_234)
            try await watch.untilSame()
        }
    }

    enum Turn: CaseIterable {
        case removed
        case replaced
        case replacedByParts
        case takenBack
    }

    @Test("An upload whose source changes its mind leaves no parts behind", arguments: Turn.allCases)
    func abandonedUpload(turn: Turn) async throws {
        let stage = try stage()
        defer { stage.stop() }
        try stage.put("a", patterned(400, seed: 1))
        try await stage.watched { watch in
            try await watch.untilWatching()
            stage.target.faults.add(
                FaultRule(
                    "stuck", FaultRule.Match(operations: [.uploadPart], query: ["partNumber": "2"]),
                    .status(FaultAction.Failure(503, code: "SlowDown"))))
            try stage.put("a", patterned(300_000, seed: 2), partSize: 100_000)
            try await watch.until("tried") { watch.status.failures > 0 && stage.targetUploads > 0 }
            switch turn {
            case .removed: try stage.source.store.remove("a", in: Stage.bucket)
            case .replaced: try stage.put("a", patterned(500, seed: 3))
            case .replacedByParts:
                stage.target.faults.removeAll()
                try stage.put("a", patterned(240_000, seed: 4), partSize: 80_000)
            case .takenBack: try stage.put("a", patterned(400, seed: 1))
            }
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(stage.targetUploads == 0)
            // No later one, which would clear up.
            #expect(Set(watch.told.reconciles).isSubset(of: [.start, .retry]))
        }
        #expect(stage.targetUploads == 0)
    }

    @Test("After a process that did not end in order both listings are read a second time", arguments: [true, false])
    func secondReconcile(_ wasKilled: Bool) async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let configure: (inout StagedWatch.Settings) -> Void = {
            $0.journal = journal
            $0.watch.secondReconcile = .milliseconds(300)
        }
        var name = ""
        try await stage.watched(configure) { watch in
            name = watch.watch.name
            try await watch.untilWatching()
        }
        if wasKilled { try await journal.setFact(mirror: name, "running", "1") }
        try await stage.watched(configure) { watch in
            try await watch.untilWatching()
            if wasKilled {
                try await watch.until("a second time") { watch.told.outcomes.count >= 2 }
            } else {
                try await watch.pass(.milliseconds(900))
                #expect(watch.told.outcomes.count == 1)
            }
        }
    }
}
