import Digests
import Journal
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Stores
import Testing

@testable import MirrorEngine

@Suite("A watch and random faults", .timeLimit(.minutes(10)))
struct WatchRandomTests {
    @Test(
        "Whatever fails while clients write, both sides are the same soon after",
        arguments: [UInt64(20_261_124), 20_261_125, 20_261_126])
    func random(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let stage = try WatchChangeTests.stage {
            $0.pageSize = Int.random(in: 3...50, using: &random)
            $0.listOrder = Int.random(in: 0..<4, using: &random) == 0 ? .path : .bytes
        }
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let isPolled = Int.random(in: 0..<4, using: &random) == 0
        let configure: (inout StagedWatch.Settings) -> Void = {
            $0.journal = journal
            $0.watch.events = isPolled ? .poll : .auto
            $0.watch.reconcileInterval = .seconds(1)
            $0.watch.listenRetry = .milliseconds(100)
            $0.mirror.deletionGuard.limit = .percent(100)
            $0.mirror.deletionGuard.allowsEmptySource = true
        }
        var script = Script(stage: stage, random: random)
        defer { script.end() }
        for isLast in [false, true] {
            try await stage.watched(configure) { watch in
                for _ in 0..<150 { try await script.step(watch) }
                // The first watch is stopped in the middle of it all.
                guard isLast else { return }
                try await script.endFaults(watch)
                let ended = ContinuousClock.now
                try await watch.untilSame()
                print(
                    "random watch: seed \(seed), \(script.faults) faults, the same \(ContinuousClock.now - ended) later"
                )
                watch.watch.requestReconcile()
                try await watch.untilProven()
                #expect(try stage.differences() == [], "seed \(seed)")
            }
        }
        #expect(script.targetUploads == 0, "seed \(seed)")
        #expect(script.tornObjects.isEmpty, "seed \(seed): \(script.tornObjects)")
    }

    /// Writers and faults, one step at a time.
    private struct Script {
        let stage: Stage
        var random: SeededGenerator
        var faults = 0
        /// MD5s of what clients wrote, by key: nothing else may ever be seen on the target.
        private var written: [ObjectKey: Set<MD5Digest>] = [:]
        /// ETags that were seen on the target, with whether their bytes are a client's.
        private var seen: [String: Bool] = [:]
        private(set) var tornObjects: [String] = []
        private var source: Sandbox
        private var target: Sandbox
        private var down: (source: Int, target: Int) = (0, 0)
        private var serial: UInt64 = 0

        init(stage: Stage, random: SeededGenerator) {
            self.stage = stage
            self.random = random
            source = stage.source
            target = stage.target
        }

        mutating func step(_ watch: StagedWatch) async throws {
            try await revive()
            for _ in 0..<Int.random(in: 1...4, using: &random) { try write() }
            if Int.random(in: 0..<3, using: &random) == 0 { fault(watch) }
            try look()
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...20, using: &random)))
        }

        private mutating func write() throws {
            serial += 1
            let folder = ["", "a/", "a!", "b/c/"].randomElement(using: &random) ?? ""
            let key = ObjectKey("\(folder)\(Int.random(in: 0..<12, using: &random))")
            guard Int.random(in: 0..<4, using: &random) > 0 else {
                try source.store.remove(key, in: Stage.bucket)
                return
            }
            let size = [0, 1, 300, 300, 300, 70_000, 250_000].randomElement(using: &random) ?? 0
            let bytes = patterned(size, seed: serial)
            written[key, default: []].insert(MD5Hasher.digest(bytes))
            try source.store.put(
                key, in: Stage.bucket, bytes,
                headers: [
                    ObjectHeaders.NameValue(
                        "content-type", Bool.random(using: &random) ? "text/plain" : "application/json")
                ], partSize: size > 100_000 ? 60_000 : nil, notifies: Int.random(in: 0..<20, using: &random) > 0)
        }

        private mutating func fault(_ watch: StagedWatch) {
            faults += 1
            switch Int.random(in: 0..<12, using: &random) {
            case 0: watch.tap.cut()
            case 1:
                watch.tap.refuse(
                    [StoreError.Kind.unreachable, .refused, .serverFailure, .notImplemented].randomElement(
                        using: &random))
                watch.tap.cut()
            case 2: watch.tap.refuse(nil)
            case 3: watch.tap.change { $0.shuffled() + $0 }
            case 4: watch.tap.change { $0.filter { _ in Bool.random() } }
            case 5 where down.target == 0:
                target.stop()
                down.target = Int.random(in: 1...15, using: &random)
            case 6 where down.source == 0:
                source.stop()
                down.source = Int.random(in: 1...15, using: &random)
            case 7: target.behaviour.isReadOnly = Bool.random(using: &random)
            case 8: target.behaviour.isFull = Bool.random(using: &random)
            default:
                let trouble = Self.troubles.randomElement(using: &random) ?? Self.troubles[0]
                let rule = FaultRule(
                    trouble.name,
                    FaultRule.Match(
                        operations: trouble.operations, probability: Double.random(in: 0.05...0.7, using: &random),
                        seed: random.next(), times: Int.random(in: 1...12, using: &random)), trouble.action)
                (trouble.side == .source ? source : target).faults.add(rule)
            }
        }

        /// Those that hide are found by the reconciles; stalls are left to tests of their own.
        private static let troubles = Trouble.passing.filter { !$0.stalls }

        /// What the target shows is always one version of the object, whole.
        private mutating func look() throws {
            for key in target.store.keys(in: Stage.bucket) {
                guard let object = target.store.object(key, in: Stage.bucket) else { continue }
                let name = "\(key) \(object.etag)"
                guard seen[name] == nil else { continue }
                let isWhole = try written[key]?.contains(MD5Hasher.digest(object.body.allBytes())) == true
                seen[name] = isWhole
                if !isWhole { tornObjects.append(name) }
            }
        }

        var targetUploads: Int { target.store.uploadCount(in: Stage.bucket) }

        private mutating func revive() async throws {
            if down.target > 0 {
                down.target -= 1
                if down.target == 0 { target = try await stage.revive(target) }
            }
            if down.source > 0 {
                down.source -= 1
                if down.source == 0 { source = try await stage.revive(source) }
            }
        }

        mutating func endFaults(_ watch: StagedWatch) async throws {
            down = (min(down.source, 1), min(down.target, 1))
            try await revive()
            for server in [source, target] { server.faults.removeAll() }
            target.behaviour.isReadOnly = false
            target.behaviour.isFull = false
            watch.tap.refuse(nil)
            watch.tap.change { $0 }
        }

        func end() {
            source.stop()
            target.stop()
        }
    }
}
