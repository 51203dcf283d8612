import Journal
import MirrorEngine
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Testing

@Suite("Runs that follow each other")
struct ResumeTests {
    private func small() -> Behaviour {
        var small = Behaviour()
        small.minimumPartSize = 1
        return small
    }

    @Test("A second run over identical buckets sends nothing but LIST")
    func listsOnly() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        // Of what changed a moment ago headers are compared, and how long ago that is nobody knows exactly.
        for index in 0..<50 { try stage.put("k/\(index)", patterned(100, seed: UInt64(index)), age: 3600) }
        try stage.put("parts", patterned(6_000_000, seed: 1), partSize: 5 << 20, age: 3600)
        let journal = try await Journal.inMemory()
        let first = await stage.mirror(journal: journal)
        #expect(first.summary.status == .ok)
        stage.source.requests.removeAll()
        stage.target.requests.removeAll()
        let second = await stage.mirror(journal: journal) { $0.removes = true }
        #expect(second.summary.same == 51 && Set(second.summary.requests.keys) == [.list])
        #expect(Set(stage.source.requests.counts.keys) == [.listObjectsV2])
        #expect(Set(stage.target.requests.counts.keys) == [.listObjectsV2])
    }

    @Test("An upload that the target does not let go is no reason to go round for ever")
    func abortRefused() async throws {
        var hidden = small()
        hidden.ignoresPartNumber = true
        hidden.refusesAttributes = true
        let stage = try Stage(source: hidden, target: small())
        defer { stage.stop() }
        // No even cut is the source's, so that the first guess is wrong.
        try stage.put("a", patterned(250_001, seed: 1), partSize: 100_003)
        stage.target.faults.add(
            FaultRule("abort", .operation(.abortMultipartUpload), .status(FaultAction.Failure(403))))
        let journal = try await Journal.inMemory()
        for _ in 0..<3 {
            let run = await stage.mirror(journal: journal) { $0.attempts = 2 }
            #expect(stage.target.requests.count(.abortMultipartUpload) < 1000)
            #expect(run.summary.failed + run.summary.copied.objects + run.summary.same > 0)
        }
    }

    @Test("Parts that arrived before a failure are not sent again")
    func resumed() async throws {
        let stage = try Stage(source: small(), target: small())
        defer { stage.stop() }
        try stage.put("a", patterned(1_000_000, seed: 1), partSize: 100_000)
        let journal = try await Journal.inMemory()
        stage.target.faults.add(
            FaultRule(
                "part 7", FaultRule.Match(operations: [.uploadPart], query: ["partNumber": "7"]),
                .status(FaultAction.Failure(500, code: "InternalError"))))
        let first = await stage.mirror(journal: journal) { $0.attempts = 1 }
        #expect(first.summary.status == .failed)
        let sent = Set(
            stage.target.requests.records.filter { $0.operation == .uploadPart && $0.status == 200 }.map(\.query))
        #expect(sent.count >= 4)
        stage.target.faults.removeAll()
        stage.target.requests.removeAll()
        // The run that failed ended its uploads, or left them for this one; either way nothing is left behind now.
        let second = await stage.mirror(journal: journal)
        #expect(second.summary.status == .ok, "\(second.reports.compactMap(\.error))")
        #expect(try stage.differences() == [])
        #expect(stage.targetUploads == 0)
        let repeated = stage.target.requests.records.filter { $0.operation == .uploadPart && sent.contains($0.query) }
        #expect(repeated.isEmpty, "\(repeated.count) parts were sent again")
    }

    @Test(
        "An upload whose parts cannot be listed is given up and begun anew in the same run", arguments: [403, 500, 501])
    func unreadable(status: Int) async throws {
        let stage = try Stage(source: small(), target: small())
        defer { stage.stop() }
        try stage.put("a", patterned(1_000_000, seed: 1), partSize: 100_000)
        let journal = try await Journal.inMemory()
        stage.target.faults.add(
            FaultRule(
                "part 7", FaultRule.Match(operations: [.uploadPart], query: ["partNumber": "7"], times: 1),
                .status(FaultAction.Failure(500, code: "InternalError"))),
            FaultRule("no list", .operation(.listParts), .status(FaultAction.Failure(status, code: ""))))
        let result = await stage.mirror(journal: journal) { $0.attempts = 2 }
        #expect(result.summary.status == .ok, "\(result.reports.compactMap(\.error))")
        #expect(stage.target.requests.count(.listParts) > 0 && stage.target.requests.count(.createMultipartUpload) == 2)
        #expect(try stage.differences() == [])
        #expect(stage.targetUploads == 0)
    }

    @Test("An upload whose ID was never learnt is found and ended by the next run")
    func lostUpload() async throws {
        let stage = try Stage(source: small(), target: small())
        defer { stage.stop() }
        try stage.put("a", patterned(300_000, seed: 1), partSize: 100_000)
        let journal = try await Journal.inMemory()
        stage.target.faults.add(FaultRule("lost", .operation(.createMultipartUpload, times: 1), .loseAnswer))
        let first = await stage.mirror(journal: journal)
        #expect(first.summary.status == .ok, "\(first.reports.compactMap(\.error))")
        #expect(stage.targetUploads == 0)
        #expect(try stage.differences() == [])
    }

    @Test("Headers that change alone are brought in line without a transfer")
    func headersOnly() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("a", patterned(1000, seed: 1), type: "text/plain")
        #expect(await stage.mirror().summary.status == .ok)
        try await Task.sleep(for: .milliseconds(5))
        try stage.put("a", patterned(1000, seed: 1), type: "application/json")
        let result = await stage.mirror()
        #expect(result.summary.metadata == 1 && result.summary.copied.objects == 0)
        #expect(result.summary.requests[.get] == nil && result.summary.requests[.put] == nil)
        #expect(try stage.differences() == [])
    }

    @Test(
        "Headers that change while the object is copied are seen by the next run, though the first one failed elsewhere",
        arguments: [true, false])
    func headersDuringCopy(_ isGood: Bool) async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("a", patterned(1000, seed: 1), type: "text/plain")
        if !isGood {
            try stage.put("b", [1])
            stage.target.faults.add(
                FaultRule(
                    "no", .operation(.putObject, key: "b", times: 1),
                    .status(FaultAction.Failure(403, code: "AccessDenied"))))
        }
        let source = stage.source
        stage.target.faults.add(
            FaultRule(
                "hook", .operation(.putObject, key: "a", nth: 1),
                .hook(
                    .beforeOperation,
                    {
                        try? Stage.put(source, "a", patterned(1000, seed: 1), type: "application/json")
                    })))
        let journal = try await Journal.inMemory()
        #expect(await stage.mirror(journal: journal).summary.status == (isGood ? .ok : .failed))
        let second = await stage.mirror(journal: journal)
        #expect(second.summary.status == .ok)
        #expect(try stage.differences() == [])
    }

    @Test("A dry run plans the same as a run does, and changes nothing")
    func dryRun() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("a", [1])
        try stage.put("b", [2])
        try stage.putTarget("b", [3])
        try stage.putTarget("c", [4])
        let before = try stage.contents(of: stage.target)
        let plan = await stage.mirror {
            $0.removes = true
            $0.isDryRun = true
        }
        #expect(try stage.contents(of: stage.target) == before)
        #expect(plan.reports.allSatisfy { $0.status == .planned })
        let run = await stage.mirror { $0.removes = true }
        let planned = Set(plan.reports.map { "\($0.action) \($0.key) \($0.reason)" })
        #expect(planned == Set(run.reports.map { "\($0.action) \($0.key) \($0.reason)" }) && planned.count == 3)
    }

    @Test("A bucket that is missing on the target is created")
    func createsBucket() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("a", [1])
        stage.target.faults.add(
            FaultRule(
                "missing", .operation(.listObjectsV2, nth: 1),
                .status(FaultAction.Failure(404, code: "NoSuchBucket"))))
        let result = await stage.mirror()
        #expect(result.summary.status == .ok && stage.target.requests.count(.createBucket) == 1)
    }
}
