import Journal
import MirrorEngine
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Testing

@Suite("Servers that contradict themselves")
struct ContradictionTests {
    private static let notFound = FaultAction.Failure(404, code: "NoSuchKey")

    @Test(
        "A key that is listed and answers HEAD with 404 is a failure, and nothing is deleted for it",
        arguments: ["plain", "a//b", "parts"])
    func headDenies(_ name: String) async throws {
        let stage = try Stage()
        defer { stage.stop() }
        let key = ObjectKey(name)
        if name == "parts" {
            try stage.put(key, patterned(6 << 20, seed: 1), partSize: 5 << 20)
        } else {
            try stage.put(key, [1, 2, 3])
        }
        try stage.putTarget(key, [9])
        stage.source.faults.add(FaultRule("denied", .operation(.headObject), .status(Self.notFound)))
        stage.source.faults.add(FaultRule("denied", .operation(.getObject), .status(Self.notFound)))
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .failed && result.summary.failed == 1 && result.summary.deleted == 0)
        #expect(try stage.targetBytes(key) == [9])
        #expect(result.report(key)?.error?.contains("answers a HEAD of it with 404") == true)
    }

    @Test("An object that is gone since it was listed is no failure")
    func goneSince() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("gone", [1, 2, 3])
        try stage.put("stays", [4])
        let store = stage.source.store
        stage.source.faults.add(
            FaultRule(
                "gone", .operation(.getObject, key: "gone", times: 1),
                .hook(.beforeOperation) { try? store.remove("gone", in: Stage.bucket) }))
        let result = await stage.mirror()
        #expect(result.summary.status == .ok && result.summary.copied.objects == 1)
        #expect(try stage.differences() == [])
    }

    @Test("A listing that left out what a HEAD finds ends the deletions and the success")
    func listingOmits() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        stage.source.behaviour.clockOffset = -3600
        for index in 0..<10 {
            try stage.put("k\(index)", [UInt8(index)])
            try stage.putTarget("k\(index)", [UInt8(index)])
        }
        try stage.putTarget("extra", [1])
        stage.source.behaviour.clockOffset = 0
        stage.source.faults.add(
            FaultRule("omits", .operation(.listObjectsV2, nth: 1), .listing(.missingEntry(4))))
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .failed && result.summary.deleted == 0)
        #expect(result.summary.error?.contains("lacks k4") == true)
        #expect(try stage.targetBytes("extra") == [1])
        let again = await stage.mirror { $0.removes = true }
        #expect(again.summary.status == .ok && again.summary.deleted == 1)
    }

    @Test("A target that reports a deletion and does none is no success")
    func keepsDeleted() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("stays", [1])
        try stage.putTarget("stays", [1])
        try stage.putTarget("extra", [2])
        stage.target.faults.add(
            FaultRule(
                "mounted read-only", .operation(.deleteObject), .status(FaultAction.Failure(204, hasBody: false))))
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .failed && result.summary.deleted == 0 && result.summary.failed == 1)
        #expect(result.report("extra")?.error?.contains("still has it") == true)
        stage.target.faults.removeAll()
        let again = await stage.mirror { $0.removes = true }
        #expect(again.summary.status == .ok && again.summary.deleted == 1)
    }

    @Test("A target without ETags that was overwritten with equal size is not taken for proven")
    func overwrittenTarget() async throws {
        var nameless = Behaviour()
        nameless.etags = .empty
        let stage = try Stage(target: nameless)
        defer { stage.stop() }
        stage.target.behaviour.clockOffset = -60
        let journal = try await Journal.inMemory()
        try stage.put("a", [1, 2, 3])
        try stage.put("b", [4, 5, 6])
        #expect(await stage.mirror(journal: journal).summary.status == .ok)
        let second = await stage.mirror(journal: journal)
        #expect(second.summary.status == .ok && second.summary.same == 2)
        stage.target.behaviour.clockOffset = 0
        try stage.putTarget("a", [7, 8, 9])
        let third = await stage.mirror(journal: journal)
        #expect(third.summary.status == .failed && third.summary.unproven == 1)
        let content = await stage.mirror(journal: journal) { $0.comparison = .content }
        #expect(content.summary.status == .ok && content.summary.copied.objects == 1)
        #expect(try stage.targetBytes("a") == [1, 2, 3])
    }

    @Test("A target that drops headers is found out with the first object, and not forgotten")
    func droppedHeaders() async throws {
        var dropping = Behaviour()
        dropping.droppedHeaders = ["content-encoding"]
        let stage = try Stage(target: dropping)
        defer { stage.stop() }
        let journal = try await Journal.inMemory()
        try stage.put("plain", [1])
        try stage.source.store.put(
            "packed", in: Stage.bucket, [2],
            headers: [ObjectHeaders.NameValue("content-encoding", "gzip")], partSize: nil)
        let first = await stage.mirror(journal: journal)
        #expect(first.summary.status == .failed && first.summary.failed == 1 && first.summary.copied.objects == 1)
        #expect(first.report("packed")?.error?.contains("Content-Encoding") == true)
        let second = await stage.mirror(journal: journal)
        #expect(second.summary.status == .failed && second.summary.failed == 1)
        stage.target.behaviour.droppedHeaders = []
        #expect(await stage.mirror(journal: journal).summary.status == .ok)
        let last = await stage.mirror(journal: journal)
        #expect(last.summary.status == .ok && last.summary.requests[.head] == nil)
    }

    @Test("Where many objects have the same kinds of headers, few are looked at")
    func keptHeaders() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        for index in 0..<600 { try stage.put("k\(index)", [UInt8(truncatingIfNeeded: index)]) }
        let result = await stage.mirror()
        #expect(result.summary.status == .ok && result.summary.copied.objects == 600)
        #expect(stage.target.requests.count(.headObject) <= 200)
    }
}
