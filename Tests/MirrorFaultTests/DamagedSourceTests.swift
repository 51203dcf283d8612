import MirrorEngine
import ObjectModel
import S3Sandbox
import Testing

@Suite("Sources that are damaged for good", .timeLimit(.minutes(10)))
struct DamagedSourceTests {
    @Test(
        "An object whose bytes are not those of its ETag is never called copied, whatever its parts",
        arguments: [nil, 70_000, 50_000, 35_000, 30_000, 10_000])
    func damaged(_ partSize: Int?) async throws {
        var small = Behaviour()
        small.minimumPartSize = 1
        let stage = try Stage(source: small, target: small)
        defer { stage.stop() }
        try stage.put("k", patterned(70_000, seed: 1), partSize: partSize)
        // The same byte, each time: read twice it looks as if it were right.
        stage.source.faults.add(FaultRule("damaged", .operation(.getObject), .corrupt(offset: 7)))
        let result = await stage.mirror { $0.attempts = 2 }
        #expect(result.summary.status == .failed && result.summary.failed == 1)
        #expect(result.summary.copied.objects == 0)
        #expect(stage.target.store.object("k", in: Stage.bucket) == nil)
        #expect(stage.targetUploads == 0)
    }

    @Test("A source whose ETags are no digests is told of once an object, ten times and no more")
    func notices() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        for index in 0..<15 { try stage.put("k\(index)", patterned(500, seed: UInt64(index))) }
        stage.source.faults.add(FaultRule("damaged", .operation(.getObject), .corrupt(offset: 7)))
        let result = await stage.mirror { $0.attempts = 3 }
        #expect(result.summary.failed == 15 && result.reports.count { $0.status == .failed } == 15)
        #expect(result.notices.count { $0.contains("as its ETag promises") } == 10)
        #expect(result.notices.count { $0.contains("without a notice") } == 1)
    }
}
