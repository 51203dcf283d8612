import Journal
import Listings
import MirrorEngine
import ObjectModel
import Runtime
import S3Sandbox
import TestSupport
import Testing

@Suite("Two runs of one mirror at the same time")
struct TwoRunsTests {
    /// Source and target with the small object `h` and `g`, which has three parts, on the source.
    private func stage() throws -> Stage {
        var small = Behaviour()
        small.minimumPartSize = 1
        let stage = try Stage(source: small, target: small)
        try stage.put("h", patterned(10, seed: 1))
        try stage.put("g", patterned(300_000, seed: 2), partSize: 100_000)
        return stage
    }

    private func mirror(_ stage: Stage, _ key: String, _ journal: Journal) async throws -> Stage.Result {
        let filter = Filter(rules: [.include(try Glob(key))])
        // Longer than anybody is held: a part that is given up would be another test.
        return await stage.mirror(journal: journal, firstByte: .seconds(30)) { $0.filter = filter }
    }

    private func expectGood(_ results: Stage.Result..., sourceLocation: SourceLocation = #_sourceLocation) {
        for result in results {
            #expect(
                result.summary.status == .ok, "\(result.reports.compactMap(\.error)) \(result.notices)",
                sourceLocation: sourceLocation)
        }
    }

    @Test("The one that ends first does not take away the uploads of the other")
    func sweepLeavesGuests() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.inMemory()
        let (holder, guest) = (Gate(), Gate())
        stage.target.faults.add(holder.rule(.putObject, key: "h"))
        stage.target.faults.add(guest.rule(.uploadPart, key: "g"))
        async let first = mirror(stage, "h", journal)
        try await holder.reached()
        async let second = mirror(stage, "g", journal)
        try await guest.reached()
        holder.open()
        let ended = try await first
        guest.open()
        expectGood(ended, try await second)
        #expect(stage.target.requests.count(.abortMultipartUpload) == 0)
        #expect(try stage.differences() == [])
        #expect(stage.targetUploads == 0)
    }

    @Test("The one that came second leaves alone what a third left behind; the other clears it up in the end")
    func guestLeavesOthers() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let journal = try await Journal.inMemory()
        let broken = FaultAction.status(FaultAction.Failure(500))
        stage.target.faults.add(
            FaultRule("part 3", FaultRule.Match(operations: [.uploadPart], query: ["partNumber": "3"]), broken))
        stage.target.faults.add(FaultRule("abort", .operation(.abortMultipartUpload), broken))
        let killed = await stage.mirror(journal: journal) { $0.attempts = 1 }
        #expect(killed.summary.status == .failed && stage.targetUploads == 1)
        stage.target.faults.removeAll()
        stage.target.requests.removeAll()

        // The small object is there already; its next version is not.
        try stage.put("h", patterned(20, seed: 3))
        let holder = Gate()
        stage.target.faults.add(holder.rule(.putObject, key: "h"))
        async let first = mirror(stage, "h", journal)
        try await holder.reached()
        expectGood(try await mirror(stage, "g", journal))
        #expect(stage.target.requests.count(.uploadPart) == 3)
        #expect(stage.target.requests.count(.abortMultipartUpload) == 0)
        #expect(stage.targetUploads == 1)
        holder.open()
        expectGood(try await first)
        #expect(stage.targetUploads == 0)
        #expect(try stage.differences() == [])
    }

    @Test("An upload whose ID was never learnt is not looked for among the other's")
    func lostUpload() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let folder = TemporaryFolder()
        let one = try await Journal.open(path: folder.file("state.db"))
        let other = try await Journal.open(path: folder.file("state.db"))
        let holder = Gate()
        // The three parts of the first run wait, those of the second pass.
        stage.target.faults.add(holder.rule(.uploadPart, key: "g", times: 3))
        stage.target.faults.add(FaultRule("lost", .operation(.createMultipartUpload, nth: 2), .loseAnswer))
        async let first = mirror(stage, "g", one)
        try await holder.reached(by: 3)
        expectGood(try await mirror(stage, "g", other))
        #expect(stage.target.requests.count(.abortMultipartUpload) == 0)
        #expect(stage.targetUploads == 2)
        holder.open()
        expectGood(try await first)
        #expect(stage.targetUploads == 0)
        #expect(try stage.differences() == ["h"])
        await one.close()
        await other.close()
    }
    @Test("A run that came second and ends last clears up the upload whose ID it never learnt")
    func lastOneClearsUp() async throws {
        let stage = try stage()
        defer { stage.stop() }
        let folder = TemporaryFolder()
        let one = try await Journal.open(path: folder.file("state.db"))
        let other = try await Journal.open(path: folder.file("state.db"))
        let (holder, guest) = (Gate(), Gate())
        stage.target.faults.add(holder.rule(.putObject, key: "h"))
        stage.target.faults.add(guest.rule(.uploadPart, key: "g"))
        stage.target.faults.add(FaultRule("lost", .operation(.createMultipartUpload, nth: 1), .loseAnswer))
        async let first = mirror(stage, "h", one)
        try await holder.reached()
        async let second = mirror(stage, "g", other)
        try await guest.reached()
        #expect(stage.targetUploads == 2)
        holder.open()
        expectGood(try await first)
        guest.open()
        expectGood(try await second)
        #expect(stage.targetUploads == 0)
        #expect(try stage.differences() == [])
        await one.close()
        await other.close()
    }
}
