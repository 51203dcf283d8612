import Journal
import ObjectModel
import Reactor
import Runtime
import S3
import S3Sandbox
import Stores
import Testing

@testable import MirrorEngine

@Suite("A watch and bursts", .timeLimit(.minutes(10)))
struct WatchBurstTests {
    private static let reactor = Reactor(name: "burst-tests")
    private static let count = 20_000
    private static let depth = 2000

    @Test("Twenty thousand keys while the target is away wait on disk, memory stays bounded, and none is forgotten")
    func burst() async throws {
        let stage = try WatchChangeTests.stage()
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let gate = Gate()
        defer { gate.open() }
        let configure: (inout StagedWatch.Settings) -> Void = {
            $0.journal = journal
            $0.watch.depth = Self.depth
            $0.mirror.maxWorkers = 16
            $0.reactor = Self.reactor
            $0.firstByte = .seconds(60)
        }
        var name = ""
        // Told after those that find room in memory.
        let numbers = (0..<Self.count).map { $0 * 7919 % Self.count }
        let planted = numbers[2200..<3000].filter { $0.isMultiple(of: 20) }.map { ObjectKey("k\($0)") }
        try await stage.watched(configure) { watch in
            name = watch.watch.name
            try await watch.untilWatching()
            stage.target.faults.add(FaultRule("held up", FaultRule.Match(), gate.fault))
            for (index, key) in planted.enumerated() {
                try stage.source.store.put(
                    key, in: Stage.bucket, patterned(40, seed: UInt64(index)),
                    headers: [ObjectHeaders.NameValue("content-type", "text/plain")], notifies: false)
            }
            // Told as a stream tells it, some hundreds at a time, in no order.
            var most = 0
            for start in stride(from: 0, to: Self.count, by: 500) {
                watch.watch.take(
                    .events(
                        numbers[start..<start + 500].map {
                            KeyChange(kind: .removed, bucket: Stage.bucket, keys: [ObjectKey("k\($0)")])
                        }))
                most = max(most, watch.watch.work.dirty.counts.waiting)
            }
            let counts = watch.watch.work.dirty.counts
            most = max(most, counts.waiting)
            #expect(most <= Self.depth && counts.inFlight <= 16, "\(most) waited in memory")
            #expect(watch.status.pending == Self.count)
            try await watch.until("spilt") { watch.watch.overflow.count > 17_500 }
            var written = 0
            while written < 17_500 {
                try await watch.pass(.milliseconds(20))
                written = try await journal.pendingCount(mirror: name)
            }
            #expect(watch.told.reconciles == [.start])
            stage.target.faults.removeAll()
            gate.open()
        }
        // The first watch settled some of them while it ended; what it left it wrote down.
        let left = try await journal.pendingCount(mirror: name)
        #expect(left > Self.count - 2000 && left <= Self.count, "\(left)")
        try await stage.watched {
            configure(&$0)
            // Its listing would find them all the same.
            $0.watch.events = .listen
        } _: { watch in
            stage.source.faults.add(
                FaultRule(
                    "no listing", FaultRule.Match(operations: [.listObjectsV2]), .status(FaultAction.Failure(500))))
            try await watch.untilSame()
            #expect(watch.told.outcomes.isEmpty)
        }
    }
}
