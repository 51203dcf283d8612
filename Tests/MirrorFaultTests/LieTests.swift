import Journal
import MirrorEngine
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Testing

/// One thing that goes wrong on one side.
struct Trouble: Sendable, CustomTestStringConvertible {
    enum Side: Sendable {
        case source
        case target
    }

    let name: String
    let side: Side
    let operations: [S3Sandbox.Operation]
    let action: FaultAction

    init(_ name: String, _ side: Side, _ operations: [S3Sandbox.Operation], _ action: FaultAction) {
        self.name = name
        self.side = side
        self.operations = operations
        self.action = action
    }

    var testDescription: String { name }

    func rule(times: Int? = nil) -> FaultRule {
        FaultRule(name, FaultRule.Match(operations: operations, times: times), action)
    }

    func plant(on stage: Stage, times: Int? = nil) {
        (side == .source ? stage.source : stage.target).faults.add(rule(times: times))
    }

    /// Whether it hides objects in a way that nobody can find out.
    var hides: Bool {
        if case .listing(.missingEntry) = action { return true }
        return false
    }

    var stalls: Bool {
        if case .stall = action { return true }
        return false
    }

    static let reads: [S3Sandbox.Operation] = [.getObject]
    static let writes: [S3Sandbox.Operation] = [.putObject, .uploadPart]
    static let lists: [S3Sandbox.Operation] = [.listObjectsV2]

    private static func status(_ status: Int, _ code: String, hasBody: Bool = true, applies: Bool = false)
        -> FaultAction
    {
        .status(FaultAction.Failure(status, code: code, hasBody: hasBody, applies: applies))
    }

    /// Troubles that pass: met once, the run has to end well.
    static let passing: [Trouble] = [
        Trouble("a read is refused", .source, reads, .refuse),
        Trouble("a read is cut", .source, reads, .cut(afterBytes: 100)),
        Trouble("a read is one byte short", .source, reads, .shorten(byBytes: 1)),
        Trouble("a byte is corrupt", .source, reads, .corrupt(offset: 7)),
        Trouble("a read stalls", .source, reads, .stall(afterBytes: 10, seconds: 2)),
        Trouble("a read answers 500", .source, reads, status(500, "InternalError")),
        Trouble("a read answers 503 without a body", .source, reads, status(503, "SlowDown", hasBody: false)),
        Trouble("a write is refused", .target, writes, .refuse),
        Trouble("a write is cut off", .target, writes, .cutRequest(afterBytes: 50)),
        Trouble("a write answers 500", .target, writes, status(500, "InternalError")),
        Trouble("a write answers 503", .target, writes, status(503, "SlowDown")),
        Trouble("a write's answer is lost", .target, writes, .loseAnswer),
        Trouble("a write answers a wrong ETag", .target, writes, .wrongETag(nil)),
        Trouble("Complete's answer is lost", .target, [.completeMultipartUpload], .loseAnswer),
        Trouble(
            "Complete answers 200 with an error", .target, [.completeMultipartUpload],
            .errorIn200(FaultAction.Failure(500, code: "InternalError"), spaces: 3)),
        Trouble("the source's listing is cut", .source, lists, .listing(.truncatedXML(bytes: 300))),
        Trouble("the target's listing is cut", .target, lists, .listing(.truncatedXML(bytes: 300))),
        Trouble("the source's listing answers 500", .source, lists, status(500, "InternalError")),
        Trouble("the source's listing lacks a key", .source, lists, .listing(.missingEntry(1))),
        Trouble("the target's listing lacks a key", .target, lists, .listing(.missingEntry(1))),
        Trouble("the source's listing is out of order", .source, lists, .listing(.reordered)),
        Trouble("the target's listing is out of order", .target, lists, .listing(.reordered)),
        Trouble("a delete's answer is lost", .target, [.deleteObjects], .loseAnswer),
        Trouble("a delete answers 503", .target, [.deleteObjects], status(503, "SlowDown")),
        Trouble(
            "a HEAD of the source answers 500", .source, [.headObject], status(500, "InternalError", hasBody: false)),
    ]

    /// Troubles that stay: the run must say that it failed, and delete nothing that the source has.
    static let staying: [Trouble] = [
        Trouble("every read is cut", .source, reads, .cut(afterBytes: 100)),
        Trouble("every read is corrupt", .source, reads, .corrupt(offset: 7)),
        Trouble("every read is forbidden", .source, reads, status(403, "AccessDenied")),
        Trouble("every write is forbidden", .target, writes, status(403, "AccessDenied")),
        Trouble("every write answers 500", .target, writes, status(500, "InternalError")),
        Trouble("there is no room", .target, writes, status(507, "XMinioStorageFull")),
        Trouble("the source's listing is always cut", .source, lists, .listing(.truncatedXML(bytes: 300))),
        Trouble("the source's listing is forbidden", .source, lists, status(403, "AccessDenied")),
        Trouble("the source's listing has no token", .source, lists, .listing(.missingToken)),
        Trouble("the source's listing never ends", .source, lists, .listing(.endless(isMoving: false))),
        Trouble("the source's listing goes in circles", .source, lists, .listing(.repeated)),
        Trouble("the target's listing never ends", .target, lists, .listing(.endless(isMoving: false))),
        Trouble("the source's listing answers 404", .source, lists, status(404, "NoSuchBucket")),
    ]
}

@Suite("Lies and failures of servers")
struct LieTests {
    /// A stage with something to copy in one piece, relayed and in parts, to replace, to keep and to delete.
    private func stage() throws -> Stage {
        var small = Behaviour()
        small.pageSize = 3
        small.minimumPartSize = 1
        let stage = try Stage(source: small, target: small)
        for index in 0..<6 {
            let bytes = patterned(400 + index, seed: UInt64(index))
            try stage.put("same/\(index)", bytes)
            try stage.putTarget("same/\(index)", bytes)
        }
        try stage.put("new/small", patterned(1000, seed: 20))
        try stage.put("new/large", patterned(300_000, seed: 21))
        try stage.put("new/parts", patterned(700_000, seed: 22), partSize: 200_000)
        try stage.put("old/replaced", patterned(500, seed: 23))
        try stage.putTarget("old/replaced", patterned(500, seed: 24))
        try stage.putTarget("old/extra-1", patterned(10, seed: 25))
        try stage.putTarget("old/extra-2", patterned(10, seed: 26))
        return stage
    }

    @Test("A trouble that passes costs time, never an object", arguments: Trouble.passing)
    func passing(trouble: Trouble) async throws {
        let stage = try stage()
        defer { stage.stop() }
        trouble.plant(on: stage, times: 1)
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .ok, "\(result.summary.error ?? "") \(result.reports.compactMap(\.error))")
        if trouble.hides { #expect(await stage.mirror { $0.removes = true }.summary.status == .ok) }
        #expect(try stage.differences() == [])
        // On a busy machine the request that ends an upload may be given up, too; then the next run ends it.
        if stage.targetUploads > 0 { #expect(await stage.mirror { $0.removes = true }.summary.status == .ok) }
        #expect(stage.targetUploads == 0)
        #expect(stage.source.faults.hits(trouble.name) + stage.target.faults.hits(trouble.name) == 1)
    }

    @Test("A trouble that stays is reported, and nothing is lost", arguments: Trouble.staying)
    func staying(trouble: Trouble) async throws {
        let stage = try stage()
        defer { stage.stop() }
        let before = try stage.contents(of: stage.target)
        trouble.plant(on: stage)
        let result = await stage.mirror {
            $0.removes = true
            $0.attempts = 2
        }
        #expect(result.summary.status == .failed)
        #expect(result.summary.error != nil || result.reports.contains { $0.status == .failed && $0.error != nil })
        let wanted = try stage.contents(of: stage.source)
        let after = try stage.contents(of: stage.target)
        for key in wanted.keys where before[key] != nil { #expect(after[key] != nil, "\(key) was lost") }
        for (key, bytes) in after { #expect(bytes == before[key] || bytes == wanted[key], "\(key) is torn") }
        // Once the trouble is over the next run mends everything.
        stage.source.faults.removeAll()
        stage.target.faults.removeAll()
        let again = await stage.mirror { $0.removes = true }
        #expect(again.summary.status == .ok)
        #expect(try stage.differences() == [])
    }

    @Test("An answer that is always short under the same ETag is not called a change", arguments: [1000, 200_000])
    func shortAnswers(size: Int) async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("k", patterned(size, seed: 1))
        stage.source.faults.add(FaultRule("short", .operation(.getObject), .shorten(byBytes: 10)))
        let result = await stage.mirror { $0.attempts = 2 }
        let error = try #require(result.report("k")?.error)
        #expect(error.contains("gives \(size - 10) bytes") && error.contains("told of \(size)"), "\(error)")
        #expect(!error.contains("changing"))
        #expect(stage.target.store.object("k", in: Stage.bucket) == nil)
    }

    @Test("A corrupt byte is caught even by a target that ignores Content-MD5")
    func ignoredDigest() async throws {
        var careless = Behaviour()
        careless.ignoresContentMD5 = true
        let stage = try Stage(target: careless)
        defer { stage.stop() }
        try stage.put("a", patterned(1000, seed: 1))
        try stage.put("b", patterned(200_000, seed: 2))
        stage.source.faults.add(
            FaultRule("corrupt", FaultRule.Match(operations: [.getObject], times: 2), .corrupt(offset: 5)))
        let result = await stage.mirror()
        #expect(result.summary.status == .ok)
        #expect(try stage.differences() == [])
    }

    @Test("An object that is overwritten while it is read arrives whole", arguments: [false, true])
    func overwritten(isTorn: Bool) async throws {
        let stage = try Stage()
        defer { stage.stop() }
        let new = patterned(300_000, seed: 2)
        try stage.put("a", patterned(300_000, seed: 1))
        stage.source.faults.add(
            FaultRule(
                "overwrite", .operation(.getObject, nth: 1),
                .overwriteDuring(afterBytes: 100_000, content: new, isTorn: isTorn)))
        let first = await stage.mirror()
        let second = await stage.mirror()
        #expect(second.summary.status == .ok)
        #expect(try stage.targetBytes("a") == new)
        // The first run never left a mixture: either version, whole.
        if first.summary.status == .ok, !isTorn { #expect(first.summary.copied.objects == 1) }
    }

    @Test("A multipart object that is overwritten between its parts is not mixed")
    func overwrittenBetweenParts() async throws {
        var small = Behaviour()
        small.minimumPartSize = 1
        let stage = try Stage(source: small, target: small)
        defer { stage.stop() }
        let new = patterned(900_000, seed: 2)
        try stage.put("a", patterned(900_000, seed: 1), partSize: 100_000)
        let source = stage.source
        source.faults.add(
            FaultRule(
                "hook", .operation(.getObject, nth: 4),
                .hook(
                    .beforeOperation,
                    {
                        try? Stage.put(source, "a", new, partSize: 100_000)
                    })))
        let result = await stage.mirror()
        #expect(result.summary.status == .ok, "\(result.reports.compactMap(\.error))")
        #expect(try stage.targetBytes("a") == new)
        #expect(stage.targetUploads == 0)
    }

    @Test("A source whose ETag is not the MD5 that it looks like is not taken for corrupt when it encrypts")
    func encryptedSource() async throws {
        var kms = Behaviour()
        kms.etags = .kms
        let stage = try Stage(source: kms)
        defer { stage.stop() }
        try stage.put("a", patterned(1000, seed: 1))
        try stage.put("b", patterned(200_000, seed: 2))
        let journal = try await Journal.inMemory()
        let result = await stage.mirror(journal: journal)
        // Without the header that says so, bytes that do not match their ETag are reported, never trusted.
        #expect(result.summary.status == .failed)
        #expect(result.reports.allSatisfy { $0.error?.contains("its ETag is") == true })
    }

    @Test("Servers whose ETags say nothing are read back, and remembered", arguments: [Behaviour.ETags.empty, .opaque])
    func opaqueTargets(etags: Behaviour.ETags) async throws {
        var opaque = Behaviour()
        opaque.etags = etags
        let stage = try Stage(target: opaque)
        defer { stage.stop() }
        try stage.put("a", patterned(1000, seed: 1))
        try stage.put("b", patterned(200_000, seed: 2))
        try stage.put("c", patterned(6_000_000, seed: 3), partSize: 5 << 20)
        let journal = try await Journal.inMemory()
        let result = await stage.mirror(journal: journal)
        #expect(result.summary.status == .ok, "\(result.reports.compactMap(\.error))")
        #expect(try stage.contents(of: stage.source) == stage.contents(of: stage.target))
        let again = await stage.mirror(journal: journal)
        #expect(again.summary.status == .ok && again.summary.same == 3)
        #expect(Set(again.summary.requests.keys) == [.list])
        let withoutState = await stage.mirror()
        #expect(withoutState.summary.status == .failed && withoutState.summary.unproven == 3)
    }
}
