import Glibc
import Journal
import MirrorEngine
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Testing

@Suite("Random faults")
struct RandomFaultTests {
    /// Faults to reach; each round plants several. The simulator does the bulk; these go through sockets. Sanitizers, under
    /// which all is slower, are satisfied with fewer.
    private static let wanted: Int = {
        guard let text = unsafe getenv("MINIO_SYNC_TEST_FAULTS") else { return 500 }
        return Int(unsafe String(cString: text)) ?? 500
    }()

    @Test("Hundreds of scripted faults delete nothing wrongly, tear nothing, and never end in a false success")
    func manyFaults() async throws {
        let seed: UInt64 = 20_261_121
        var generator = SeededGenerator(seed: seed)
        var faults = 0
        var rounds = 0
        var good = 0
        while faults < Self.wanted {
            rounds += 1
            let (hits, isOK) = try await round(seed: generator.next())
            faults += hits
            if isOK { good += 1 }
            try #require(rounds < 2000, "seed \(seed): \(faults) faults in \(rounds) rounds")
        }
        print("random faults: seed \(seed), \(faults) faults in \(rounds) rounds, \(good) of them ended well")
        #expect(good > 0 && good < rounds)
    }

    private func round(seed: UInt64) async throws -> (Int, Bool) {
        var random = SeededGenerator(seed: seed)
        var small = Behaviour()
        small.minimumPartSize = 1
        small.pageSize = Int.random(in: 2...9, using: &random)
        var other = small
        other.pageSize = Int.random(in: 2...9, using: &random)
        if Int.random(in: 0..<6, using: &random) == 0 { small.listOrder = .path }
        if Int.random(in: 0..<6, using: &random) == 0 { other.listOrder = .path }
        let stage = try Stage(source: small, target: other)
        defer { stage.stop() }
        try populate(stage, &random)
        let before = try stage.contents(of: stage.target)
        let source = try stage.contents(of: stage.source)
        let rules = plant(on: stage, &random)
        // Without one, an upload whose beginning was not answered can't be told from another's.
        let journal = try await Journal.inMemory()
        let result = await stage.mirror(journal: journal) {
            $0.removes = true
            $0.attempts = 3
            $0.deletionGuard.limit = .percent(100)
            $0.deletionGuard.allowsEmptySource = true
        }
        let after = try stage.contents(of: stage.target)
        for key in source.keys where before[key] != nil {
            #expect(after[key] != nil, "seed \(seed): \(key) was deleted though the source has it")
        }
        for (key, bytes) in after where bytes != before[key] && bytes != source[key] {
            // A target that took a corrupt body says so by its ETag; what is not proven must not be called good.
            #expect(result.summary.status != .ok, "seed \(seed): \(key) holds bytes that nobody sent")
        }
        if result.summary.status == .ok {
            let isSame = after == source
            #expect(isSame, "seed \(seed): the run ended well and the target is not the same; \(rules)")
            let isToldOf = result.notices.contains { $0.contains("could not be ended") }
            #expect(stage.targetUploads == 0 || isToldOf, "seed \(seed): an upload was left behind without a word")
        }
        return (
            rules.reduce(0) { $0 + stage.source.faults.hits($1) + stage.target.faults.hits($1) },
            result.summary.status == .ok
        )
    }

    private func populate(_ stage: Stage, _ random: inout SeededGenerator) throws {
        for index in 0..<Int.random(in: 0...14, using: &random) {
            let key = ObjectKey("\(["a/", "a!", "b", ""].randomElement(using: &random) ?? "")\(index)")
            let size = [0, 1, 300, 70_000, 200_000].randomElement(using: &random) ?? 0
            let bytes = patterned(size, seed: UInt64(index))
            let place = Int.random(in: 0..<5, using: &random)
            if place != 0 {
                try stage.put(key, bytes, partSize: size > 1000 && place == 1 ? 50_000 : nil)
            }
            if place == 0 || place == 2 { try stage.putTarget(key, bytes) }
            if place == 3 { try stage.putTarget(key, patterned(size, seed: UInt64(index + 100))) }
        }
    }

    private func plant(on stage: Stage, _ random: inout SeededGenerator) -> [String] {
        var names: [String] = []
        for number in 0..<Int.random(in: 2...7, using: &random) {
            let fault = Self.catalogue.randomElement(using: &random) ?? Self.catalogue[0]
            let name = "\(number) \(fault.name)"
            let rule = FaultRule(
                name,
                FaultRule.Match(
                    operations: fault.operations, probability: Double.random(in: 0.05...0.7, using: &random),
                    seed: random.next(), times: Int.random(in: 1...12, using: &random)),
                fault.action)
            (fault.side == .source ? stage.source : stage.target).faults.add(rule)
            names.append(name)
        }
        return names
    }

    /// Stalls are left to tests of their own: each costs a time-out.
    private static let catalogue: [Trouble] =
        Trouble.passing.filter { !$0.hides && !$0.stalls }
        + [
            Trouble("a HEAD of the source answers 403", .source, [.headObject], failure(403)),
            Trouble("a HEAD of the source answers 404", .source, [.headBucket], failure(404)),
            Trouble("the source's listing has no token", .source, Trouble.lists, .listing(.missingToken)),
            Trouble("the target's listing has no token", .target, Trouble.lists, .listing(.missingToken)),
            Trouble("a page of the source is repeated", .source, Trouble.lists, .listing(.repeated)),
            Trouble("a page of the target is repeated", .target, Trouble.lists, .listing(.repeated)),
            Trouble("a delete fails", .target, [.deleteObjects], failure(500)),
            Trouble("an abort fails", .target, [.abortMultipartUpload], failure(500)),
            Trouble("a create fails", .target, [.createMultipartUpload], failure(503)),
        ]

    private static func failure(_ status: Int) -> FaultAction {
        .status(FaultAction.Failure(status, code: "", hasBody: false))
    }
}
