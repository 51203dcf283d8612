import Listings
import ObjectModel
import Runtime
import S3Sandbox
import Testing

@testable import MirrorEngine

/// What readers that cut each other's ranges do where something goes wrong in one of them.
@Suite("Long listings of distant servers", .timeLimit(.minutes(10)))
struct DistantListingTests {
    private static let count = 1200
    /// Keys of the second half stand closer, so that ranges are of different lengths and their readers cut them.
    private static let keys = (0..<count).map { ObjectKey("object-\(1_000_000 + ($0 < 600 ? $0 * 100 : 60_000 + $0))") }
    private static let extras = (0..<40).map { ObjectKey("object-\(1_000_050 + $0 * 1500)") }
    /// Longer than anybody waits who is not forgotten.
    private static let firstByte = Duration.seconds(60)

    /// Servers with pages of ten keys. Every 30th key is missing on the target, which has some that the source has not.
    private func stage() throws -> Stage {
        var distant = Behaviour()
        distant.pageSize = 10
        distant.delay = 5
        let stage = try Stage(source: distant, target: distant)
        for (index, key) in Self.keys.enumerated() {
            try stage.put(key, [1])
            if index % 30 != 0 { try stage.putTarget(key, [1]) }
        }
        for key in Self.extras { try stage.putTarget(key, [1]) }
        return stage
    }

    private func mirror(
        _ stage: Stage, isDryRun: Bool = false, onStart: (MirrorRun) -> Void = { _ in }
    ) async -> Stage.Result {
        await stage.mirror(firstByte: Self.firstByte) {
            $0.removes = true
            $0.isDryRun = isDryRun
            $0.distance = .distant
        } onStart: {
            onStart($0)
        }
    }

    /// Where the ranges that were read of the target began.
    private func starts(_ stage: Stage) -> [String] {
        stage.target.requests.records.filter { $0.operation == .listObjectsV2 && !$0.query.contains("max-keys=1&") }
            .compactMap { record in
                record.query.split(separator: "&").first { $0.hasPrefix("start-after=") }
                    .map { String($0.dropFirst("start-after=".count)) }
            }
    }

    @Test("More ranges are read than were cut at first, and together they are the listing")
    func cuts() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let result = await mirror(stage)
        #expect(result.summary.status == .ok, "\(result.summary.error ?? "")")
        #expect(result.summary.source.objects == Self.count && result.summary.deleted == Self.extras.count)
        #expect(result.summary.copied.objects == Self.count / 30)
        #expect(try stage.differences() == [])
        let starts = starts(stage)
        // A request that a busy machine was slow to answer is asked again; a range that was read twice would count twice.
        #expect(starts.contains { $0.count > "object-1015".count }, "only the first cuts: \(starts)")
    }

    @Test(
        "One range that cannot be read fails the run: it ends, deletes nothing, and the next one is right",
        arguments: [FaultAction.status(.init(500)), .status(.init(403, code: "AccessDenied"))])
    func failure(_ action: FaultAction) async throws {
        let stage = try stage()
        defer { stage.stop() }
        _ = await mirror(stage, isDryRun: true)
        let start = try #require(starts(stage).sorted().dropFirst(2).first)
        let match = FaultRule.Match(operations: [.listObjectsV2], query: ["start-after": start])
        stage.target.faults.add(FaultRule("range", match, action))
        let result = await mirror(stage)
        #expect(stage.target.faults.hits("range") > 0)
        #expect(result.summary.status == .failed && result.summary.deleted == 0)
        #expect(result.summary.error != nil)
        #expect(Self.extras.allSatisfy { stage.target.store.object($0, in: Stage.bucket) != nil })
        stage.target.faults.removeAll()
        let second = await mirror(stage)
        #expect(second.summary.status == .ok, "\(second.summary.error ?? "")")
        #expect(try stage.differences() == [])
    }

    @Test("A side that goes away in the middle fails the run, and nothing is deleted", arguments: [true, false])
    func away(isSource: Bool) async throws {
        let stage = try stage()
        defer { stage.stop() }
        let match = FaultRule.Match(operations: [.listObjectsV2], after: 60)
        (isSource ? stage.source : stage.target).faults.add(FaultRule("away", match, .refuse))
        let result = await mirror(stage)
        #expect(result.summary.status == .failed && result.summary.deleted == 0)
        #expect(result.summary.source.objects < Self.count)
    }

    @Test("Where cuts cannot be found, the listing is read whole")
    func withoutCuts() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let match = FaultRule.Match(operations: [.listObjectsV2], query: ["max-keys": "1"])
        stage.source.faults.add(FaultRule("probe", match, .status(.init(500))))
        let result = await mirror(stage)
        #expect(stage.source.faults.hits("probe") > 0)
        #expect(result.summary.status == .ok, "\(result.summary.error ?? "")")
        #expect(result.summary.source.objects == Self.count)
        #expect(try stage.differences() == [])
    }

    @Test("An interruption ends all readers, those that wait too", arguments: [30, 60, 100])
    func interruption(after requests: Int) async throws {
        let stage = try stage()
        defer { stage.stop() }
        let result = await mirror(stage) { run in
            let match = FaultRule.Match(operations: [.listObjectsV2], nth: requests)
            stage.source.faults.add(FaultRule("signal", match, .hook(.beforeOperation, { run.interrupt() })))
        }
        #expect(stage.source.faults.hits("signal") == 1)
        #expect(result.summary.status == .interrupted && result.summary.deleted == 0)
    }

    @Test("What changes while ranges are cut costs no key that stays, and the next run finds the rest")
    func changes() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let turn = Mutex(0)
        let (source, target) = (stage.source, stage.target)
        let change: @Sendable () -> Void = {
            let index = turn.withLock { turn in
                turn += 1
                return turn
            }
            // One more and one less, all over the listing.
            let place = index * 97 % 600
            try? Stage.put(source, ObjectKey("object-\(1_000_000 + place * 100 + 7)"), [2])
            try? source.store.remove(Self.keys[place / 5 * 5], in: Stage.bucket)
        }
        let match = FaultRule.Match(operations: [.listObjectsV2], every: 4)
        source.faults.add(FaultRule("change", match, .hook(.beforeOperation, change)))
        let result = await mirror(stage)
        #expect(turn.withLock { $0 } > 10)
        #expect(result.summary.status == .ok, "\(result.summary.error ?? "")")
        let staying = Self.keys.enumerated().filter { $0.offset >= 600 || $0.offset % 5 != 0 }.map(\.element)
        #expect(staying.allSatisfy { target.store.object($0, in: Stage.bucket) != nil })
        source.faults.removeAll()
        let second = await mirror(stage)
        #expect(second.summary.status == .ok, "\(second.summary.error ?? "")")
        #expect(try stage.differences() == [])
    }
}
