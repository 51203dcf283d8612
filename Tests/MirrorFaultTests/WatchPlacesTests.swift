import ObjectModel
import Reactor
import S3Sandbox
import Testing

@testable import MirrorEngine

/// Mirrors share places for reading listings; one that cannot go on must not keep its place from the others.
@Suite("Mirrors that share a turnstile", .timeLimit(.minutes(10)))
struct WatchPlacesTests {
    private func settings(_ turnstile: Turnstile) -> StagedWatch.Settings {
        var settings = StagedWatch.Settings()
        settings.turnstile = turnstile
        settings.watch.events = .poll
        settings.firstByte = .seconds(60)
        return settings
    }

    private func expectReconciles(_ stage: Stage, _ turnstile: Turnstile) async throws {
        try await stage.watched {
            $0.turnstile = turnstile
            $0.watch.events = .poll
        } _: { watch in
            for round in 0..<3 {
                try stage.put(ObjectKey("k\(round)"), [1])
                try await watch.untilSame()
            }
        }
    }

    @Test("Four mirrors whose listings hang do not keep a fifth from reading its own")
    func stalled() async throws {
        let turnstile = Turnstile(places: 4, patience: .milliseconds(100), time: SystemTime())
        let stages = try (0..<4).map { _ in try WatchChangeTests.stage() }
        let healthy = try WatchChangeTests.stage()
        defer { for stage in stages + [healthy] { stage.stop() } }
        var stuck: [StagedWatch] = []
        for stage in stages {
            stage.source.faults.add(
                FaultRule("hole", FaultRule.Match(operations: [.listObjectsV2]), .delay(milliseconds: 60_000)))
            let watch = try await StagedWatch(stage, settings(turnstile))
            watch.start()
            stuck.append(watch)
        }
        for watch in stuck {
            try await watch.until("hanging") { watch.stage.source.faults.hits("hole") > 0 }
        }
        try await expectReconciles(healthy, turnstile)
        for watch in stuck {
            #expect(watch.status.isReconciling && watch.told.outcomes.isEmpty)
            watch.stage.source.faults.removeAll()
            watch.cancel()
            await watch.stop()
        }
    }

    @Test("A mirror that is full of keys for a target which takes none keeps no other waiting")
    func full() async throws {
        let turnstile = Turnstile(places: 1, patience: .milliseconds(100), time: SystemTime())
        let stage = try WatchChangeTests.stage()
        let healthy = try WatchChangeTests.stage()
        defer { for each in [stage, healthy] { each.stop() } }
        for index in 0..<100 { try stage.put(ObjectKey("object-\(index)"), [1]) }
        stage.target.faults.add(
            FaultRule("hole", FaultRule.Match(operations: [.putObject]), .delay(milliseconds: 60_000)))
        var settings = settings(turnstile)
        settings.mirror.maxWorkers = 2
        settings.watch.depth = 10
        let full = try await StagedWatch(stage, settings)
        full.start()
        try await full.until("full") { full.watch.work.dirty.counts.waiting >= 10 }
        try await expectReconciles(healthy, turnstile)
        #expect(full.status.isReconciling && full.told.outcomes.isEmpty)
        stage.target.faults.removeAll()
        full.cancel()
        await full.stop()
    }
}
