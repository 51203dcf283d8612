import ObjectModel
import S3Sandbox
import Testing

@testable import MirrorEngine

/// A listing's page is as old as its answer: what was done since must not be done again, nor be counted again.
@Suite("A watch whose listings are out of date when they arrive", .timeLimit(.minutes(10)))
struct WatchStaleListingTests {
    @Test("The listing that headers are compared by has nothing copied again, and nothing counted twice")
    func headerPass() async throws {
        let stage = try WatchChangeTests.stage()
        defer { stage.stop() }
        for index in 0..<40 { try stage.put(ObjectKey("k\(index)"), [UInt8(index)]) }
        let (puts, answer) = (Gate(), Gate())
        defer {
            puts.open()
            answer.open()
        }
        stage.target.faults.add(FaultRule("puts", .operation(.putObject), puts.fault))
        stage.target.faults.add(FaultRule("second listing", .operation(.listObjectsV2, nth: 2), answer.answerFault))
        try await stage.watched { watch in
            try await answer.reached()
            puts.open()
            try await watch.until("copied") { watch.status.copied.objects >= 40 && watch.status.pending == 0 }
            answer.open()
            try await watch.untilWatching()
            #expect(stage.target.requests.count(.putObject) == 40)
            #expect(watch.status.target.objects == 40 && watch.status.copied.objects == 40)
        }
    }

    @Test("What an event had copied while both sides were listed is not copied again", arguments: [1, 30])
    func settledMeanwhile(_ count: Int) async throws {
        let stage = try WatchChangeTests.stage()
        defer { stage.stop() }
        try stage.put("known", [1])
        try await stage.watched { watch in
            try await watch.untilWatching()
            let (puts, answer) = (Gate(), Gate())
            defer {
                puts.open()
                answer.open()
            }
            let known = stage.target.requests.count(.putObject)
            stage.target.faults.add(FaultRule("puts", .operation(.putObject), puts.fault))
            for index in 0..<count { try stage.put(ObjectKey("new\(index)"), [UInt8(index)]) }
            try await puts.reached()
            stage.target.faults.add(FaultRule("listing", .operation(.listObjectsV2, times: 1), answer.answerFault))
            watch.watch.requestReconcile()
            try await answer.reached()
            puts.open()
            try await watch.until("copied") { watch.status.pending == 0 }
            answer.open()
            let outcomes = watch.told.outcomes.count
            try await watch.until("reconciled") { watch.told.outcomes.count > outcomes }
            try await watch.untilQuiet()
            #expect(stage.target.requests.count(.putObject) == known + count)
            #expect(watch.status.target.objects <= 1 + count, "guards take a part of it")
            watch.watch.requestReconcile()
            try await watch.until("the count is right") { watch.status.target.objects == 1 + count }
        }
    }
}
