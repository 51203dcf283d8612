import Journal
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Testing

@testable import MirrorEngine

@Suite("A watch and servers that fail", .timeLimit(.minutes(10)))
struct WatchOutageTests {
    private func stage() throws -> Stage { try WatchChangeTests.stage() }

    /// Writes, overwrites and removes some hundreds of keys.
    private func churn(_ source: Store, seed: UInt64, count: Int = 300) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<count {
            let key = ObjectKey("k\(Int.random(in: 0..<count / 2, using: &random))")
            if Int.random(in: 0..<5, using: &random) == 0 {
                try source.remove(key, in: Stage.bucket)
            } else {
                try source.put(
                    key, in: Stage.bucket, patterned(80, seed: random.next()),
                    headers: [ObjectHeaders.NameValue("content-type", "text/plain")])
            }
        }
    }

    @Test("The target goes down and comes back: everything arrives, and meanwhile one job at a time asks for it")
    func targetDown() async throws {
        let stage = try stage()
        defer { stage.stop() }
        try stage.put("before", [1])
        try await stage.watched { watch in
            try await watch.untilWatching()
            stage.target.stop()
            try churn(stage.source.store, seed: 1)
            try await watch.until("the server gone") { watch.status.serverGone != nil }
            try churn(stage.source.store, seed: 2)
            // What was in flight fails too.
            try await watch.until("all but the probe at rest") { watch.watch.work.dirty.counts.inFlight <= 1 }
            #expect(watch.told.serverGone == 1 && watch.told.serverBack == 0)
            #expect(watch.status.pending > 100 && (watch.status.lag ?? .zero) > .zero)
            #expect(watch.watch.progress.isWaiting)
            let failures = watch.status.failures
            try await watch.pass(.milliseconds(1200))
            #expect(watch.status.failures - failures < 30, "\(watch.status.failures - failures) tries in a second")
            let revived = try await stage.revive(stage.target)
            defer { revived.stop() }
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(watch.told.serverBack == 1 && watch.status.serverGone == nil)
        }
    }

    @Test("What changed again and again while the target was away is no obstacle when it is back")
    func changedMeanwhile() async throws {
        let stage = try stage()
        defer { stage.stop() }
        try await stage.watched {
            $0.watch.events = .poll
        } _: { watch in
            try await watch.until("reconciled") { watch.status.lastReconcile != nil }
            stage.target.faults.add(
                FaultRule(
                    "away", FaultRule.Match(operations: [.putObject]),
                    .status(FaultAction.Failure(500, code: "InternalError"))))
            for round in 0..<3 as Range<UInt64> {
                for index in 0..<60 as Range<UInt64> {
                    try stage.put(ObjectKey("k\(index)"), patterned(50, seed: round * 100 + index))
                }
                let polls = watch.told.outcomes.count
                try await watch.until("polled") { watch.told.outcomes.count >= polls + 2 }
            }
            try await watch.until("gone") { watch.status.serverGone != nil }
            // After the last listing that the jobs were made of.
            for index in 0..<60 as Range<UInt64> {
                try stage.put(ObjectKey("k\(index)"), patterned(50, seed: 1000 + index))
            }
            stage.target.faults.removeAll()
            try await watch.untilSame()
        }
    }

    @Test("The source goes down and comes back changed: the gap is closed")
    func sourceDown() async throws {
        let stage = try stage()
        defer { stage.stop() }
        try churn(stage.source.store, seed: 3)
        try await stage.watched { watch in
            try await watch.untilWatching()
            try await watch.untilSame()
            stage.source.stop()
            try await watch.until("lost") { watch.status.feed == .lost }
            try churn(stage.source.store, seed: 4)
            let before = stage.target.store.keys(in: Stage.bucket)
            try await watch.pass(.milliseconds(300))
            #expect(stage.target.store.keys(in: Stage.bucket) == before)
            let revived = try await stage.revive(stage.source)
            defer { revived.stop() }
            try await watch.untilSame()
            #expect(watch.told.reconciles == [.start, .gap])
            try churn(revived.store, seed: 5)
            try await watch.untilSame()
        }
    }

    @Test("A watch whose servers are away at its start waits for them, one after the other")
    func awayAtStart() async throws {
        let stage = try stage()
        defer { stage.stop() }
        try churn(stage.source.store, seed: 6)
        stage.source.stop()
        stage.target.stop()
        try await stage.watched { watch in
            try await watch.pass(.milliseconds(400))
            #expect(watch.status.lastReconcile == nil)
            let source = try await stage.revive(stage.source)
            defer { source.stop() }
            try await watch.pass(.milliseconds(900))
            #expect(watch.status.lastReconcile == nil)
            let target = try await stage.revive(stage.target)
            defer { target.stop() }
            try await watch.untilSame()
            #expect(watch.told.reports.allSatisfy { $0.status == .ok })
        }
    }

    struct Condition: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let set: @Sendable (Sandbox, Bool) -> Void

        static func failing(_ status: Int, _ code: String) -> Condition {
            Condition(testDescription: "\(status) \(code)") { server, isOn in
                guard isOn else { return server.faults.removeAll() }
                server.faults.add(
                    FaultRule(
                        code,
                        FaultRule.Match(operations: [
                            .putObject, .deleteObjects, .headObject, .listObjectsV2, .uploadPart, .copyObject,
                        ]), .status(FaultAction.Failure(status, code: code))))
            }
        }
    }

    @Test(
        "A target that is read-only, full or refuses everybody for a while is the same soon after",
        arguments: [
            Condition(testDescription: "read-only") { $0.behaviour.isReadOnly = $1 },
            Condition(testDescription: "full") { $0.behaviour.isFull = $1 },
            .failing(403, "AccessDenied"), .failing(503, "SlowDown"), .failing(500, "InternalError"),
            .failing(403, "InvalidAccessKeyId"),
        ])
    func condition(condition: Condition) async throws {
        let stage = try stage()
        defer { stage.stop() }
        try churn(stage.source.store, seed: 7, count: 100)
        try await stage.watched { watch in
            try await watch.untilWatching()
            try await watch.untilSame()
            condition.set(stage.target, true)
            try churn(stage.source.store, seed: 8, count: 150)
            try await watch.pass(.milliseconds(1500))
            #expect(try stage.differences().count > 50)
            #expect(watch.status.poisoned == 0)
            condition.set(stage.target, false)
            try await watch.untilSame()
            try await watch.untilQuiet()
        }
    }

    @Test("One key that fails for good stops nothing, and stays in sight")
    func poisoned() async throws {
        let stage = try stage()
        defer { stage.stop() }
        stage.target.behaviour.refusedKeys = [Behaviour.Refusal(key: "poison")]
        try await stage.watched { watch in
            try await watch.untilWatching()
            try stage.put("poison", [1])
            for index in 0..<50 {
                try stage.put(ObjectKey("k\(index)"), patterned(30, seed: UInt64(index)))
            }
            try await watch.until("all but one") {
                try stage.differences() == ["poison"]
            }
            try await watch.until("tried again") { watch.status.retrying == 1 && watch.status.pending == 1 }
            #expect(watch.status.lag != nil)
            #expect(watch.told.serverGone == 0)
            #expect(watch.told.all.contains { if case .retry("poison", _, 1) = $0 { true } else { false } })
            // Once it may be had, an event has it tried at once.
            stage.target.behaviour.refusedKeys = []
            try stage.put("poison", [2])
            try await watch.untilSame()
            try await watch.untilQuiet()
        }
    }

    @Test(
        "Many keys that the target forbids, or fails, one by one, hold the others up for no more than a moment",
        arguments: [403, 500])
    func forbiddenKeys(status: Int) async throws {
        let stage = try stage()
        defer { stage.stop() }
        stage.target.faults.add(
            FaultRule(
                "forbidden", .operation(.putObject, key: "secret/*"), .status(FaultAction.Failure(status, code: ""))))
        try await stage.watched { watch in
            try await watch.untilWatching()
            for index in 0..<100 { try stage.put(ObjectKey("secret/\(index)"), [1]) }
            try await watch.pass(.milliseconds(1500))
            var worst = Duration.zero
            for index in 0..<3 {
                let key = ObjectKey("open/\(index)")
                let start = ContinuousClock.now
                try stage.put(key, [UInt8(index)])
                try await watch.until("\(key) there") { try stage.targetBytes(key) != nil }
                worst = max(worst, ContinuousClock.now - start)
                try await watch.pass(.milliseconds(100))
            }
            // The one that shows that the target is well waits for its turn to try.
            #expect(worst < .seconds(20), "\(worst)")
            try await watch.until("the others settled") { watch.status.pending == 100 }
            stage.target.faults.removeAll()
            try await watch.untilSame()
        }
    }

    @Test("Keys that wait for a server in great number wait on disk, and go when it lets them")
    func manyRetries() async throws {
        let stage = try stage()
        defer { stage.stop() }
        stage.target.faults.add(
            FaultRule(
                "forbidden", .operation(.putObject, key: "secret/*"),
                .status(FaultAction.Failure(403, code: "AccessDenied"))))
        try await stage.watched {
            $0.watch.retryLimit = 10
            $0.mirror.maxWorkers = 4
        } _: { watch in
            try await watch.untilWatching()
            for index in 0..<50 { try stage.put(ObjectKey("secret/\(index)"), [1]) }
            var (index, most) = (0, 0)
            try await watch.until("on disk") {
                // Something succeeds all the while, so that the target does not seem to be away.
                try stage.put(ObjectKey("open/\(index)"), [1])
                index += 1
                #expect(watch.watch.work.dirty.counts.waiting < 4000)
                most = max(most, watch.status.retrying)
                return watch.watch.overflow.count > 0
            }
            #expect(most <= 14, "\(most)")
            try await watch.until("all others") { stage.target.store.keys(in: Stage.bucket).count == index }
            try await watch.until("none forgotten") { watch.status.pending == 50 }
            stage.target.faults.removeAll()
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(watch.told.reconciles == [.start])
        }
    }

    @Test("A source bucket that is not there yet is waited for, and makes no bucket on the target")
    func sourceBucketMissing() async throws {
        let stage = try stage()
        defer { stage.stop() }
        for store in [stage.source.store, stage.target.store] { _ = try store.table.deleteBucket(Stage.bucket) }
        try await stage.watched { watch in
            try await watch.until("refused") {
                watch.told.all.contains { if case .reconcileFailed = $0 { true } else { false } }
            }
            #expect(!stage.target.store.table.hasBucket(Stage.bucket))
            try stage.source.store.createBucket(Stage.bucket)
            try stage.put("a", [1])
            try await watch.untilSame()
        }
    }

    @Test("A target bucket that somebody removes is made again, with all that was in it")
    func targetBucketRemoved() async throws {
        let stage = try stage()
        defer { stage.stop() }
        for index in 0..<5 { try stage.put(ObjectKey("k\(index)"), [1]) }
        try await stage.watched { watch in
            try await watch.untilWatching()
            for key in stage.target.store.keys(in: Stage.bucket) {
                try stage.target.store.remove(key, in: Stage.bucket)
            }
            _ = try stage.target.store.table.deleteBucket(Stage.bucket)
            try stage.put("k0", [2])
            try await watch.untilSame()
            try await watch.untilQuiet()
        }
    }

    @Test("A mirror whose source hangs keeps no other from reading its listings")
    func isolation() async throws {
        let hanging = try stage()
        defer { hanging.stop() }
        let healthy = try stage()
        defer { healthy.stop() }
        hanging.source.faults.add(FaultRule("hole", FaultRule.Match(), .delay(milliseconds: 60_000)))
        let turnstile = Turnstile(places: 1)
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
