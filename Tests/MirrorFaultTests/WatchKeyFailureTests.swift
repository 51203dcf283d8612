import ObjectModel
import S3Sandbox
import Testing

@testable import MirrorEngine

@Suite("A watch and keys that fail", .timeLimit(.minutes(10)))
struct WatchKeyFailureTests {
    private func stage() throws -> Stage { try WatchChangeTests.stage() }

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
}
