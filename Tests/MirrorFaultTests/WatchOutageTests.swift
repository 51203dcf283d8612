import Journal
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Testing

@testable import MirrorEngine

@Suite("A watch and servers that are away or refuse", .timeLimit(.minutes(10)))
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
}
