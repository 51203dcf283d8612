import ObjectModel
import Reactor
import S3Sandbox
import Testing

@testable import MirrorEngine

@Suite("A watch and servers that fall silent or answer late", .timeLimit(.minutes(10)))
struct WatchSilenceTests {
    private func stage() throws -> Stage { try WatchChangeTests.stage() }

    @Test("A mirror whose source hangs keeps no other from reading its listings")
    func isolation() async throws {
        let hanging = try stage()
        defer { hanging.stop() }
        let healthy = try stage()
        defer { healthy.stop() }
        hanging.source.faults.add(FaultRule("hole", FaultRule.Match(), .delay(milliseconds: 60_000)))
        let turnstile = Turnstile(places: 1, time: SystemTime())
        var settings = StagedWatch.Settings()
        settings.turnstile = turnstile
        settings.watch.events = .poll
        settings.firstByte = .seconds(60)
        let stuck = try await StagedWatch(hanging, settings)
        stuck.start()
        try await stuck.pass(.milliseconds(100))
        try await healthy.watched {
            $0.turnstile = turnstile
            $0.watch.events = .poll
        } _: { watch in
            for round in 0..<4 {
                try healthy.put(ObjectKey("k\(round)"), [1])
                try await watch.untilSame()
                try await watch.pass(.milliseconds(100))
            }
        }
        hanging.source.faults.removeAll()
        await stuck.stop()
    }

    @Test("When both servers fall silent at a stop, cancelling ends it at once", arguments: [true, false])
    func cancelled(isDeleting: Bool) async throws {
        let stage = try stage()
        defer { stage.stop() }
        try stage.put("a", [1])
        try stage.put("b", [1])
        var settings = StagedWatch.Settings()
        settings.firstByte = .seconds(60)
        let watch = try await StagedWatch(stage, settings)
        watch.start()
        try await watch.untilWatching()
        stage.target.faults.add(
            FaultRule(
                "hole", FaultRule.Match(operations: isDeleting ? [.deleteObjects, .deleteObject] : [.putObject]),
                .delay(milliseconds: 60_000)))
        if isDeleting {
            try stage.source.store.remove("a", in: Stage.bucket)
        } else {
            try stage.put("a", [2])
        }
        try await watch.until("in flight") { stage.target.faults.hits("hole") > 0 }
        let start = ContinuousClock.now
        let end = Task { await watch.stop() }
        try await watch.pass(.milliseconds(50))
        watch.cancel()
        await end.value
        #expect(ContinuousClock.now - start < .seconds(8), "\(ContinuousClock.now - start)")
        stage.target.faults.removeAll()
    }

    @Test("A write that was given up and arrives after a newer one is found and mended", arguments: [false, true])
    func lateWrite(_ isDeletion: Bool) async throws {
        let stage = try stage()
        defer { stage.stop() }
        if isDeletion { try stage.put("k", [0]) }
        try await stage.watched { watch in
            try await watch.untilWatching()
            try await watch.untilSame()
            stage.target.faults.add(
                FaultRule("lost", .operation(isDeletion ? .deleteObject : .putObject, times: 1), .loseAnswer))
            if isDeletion { try stage.source.store.remove("k", in: Stage.bucket) } else { try stage.put("k", [1]) }
            try await watch.untilSame()
            try stage.put("k", [2])
            try await watch.untilSame()
            try await watch.untilQuiet()
            // What held the first request up lets it go.
            if isDeletion {
                try stage.target.store.remove("k", in: Stage.bucket)
            } else {
                try stage.putTarget("k", [1])
            }
            try await watch.untilSame()
            #expect(try stage.targetBytes("k") == [2])
        }
    }
}
