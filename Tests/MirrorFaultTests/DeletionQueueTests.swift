import ObjectModel
import Reactor
import Runtime
import S3
import S3Sandbox
import Stores
import Testing

@testable import MirrorEngine

@Suite("The queue of deletions", .timeLimit(.minutes(10)))
struct DeletionQueueTests {
    private let stage: Stage

    /// A queue, and the guards that it asks.
    private final class Queue: Sendable {
        private struct State {
            var deletions: Deletions
            var pauses: [String] = []
        }

        private let state: Mutex<State>
        let queue: DeletionQueue

        init(_ stage: Stage, _ options: MirrorOptions, objects: Int?) {
            let state = Mutex(
                State(
                    deletions: Deletions(
                        options.deletionGuard, window: .seconds(600), now: SystemTime().now())))
            self.state = state
            queue = DeletionQueue(
                source: stage.store(stage.source, "source"), target: stage.store(stage.target, "target"),
                options: options, executor: stage.reactor,
                admit: { count in
                    state.withLock { state in
                        let answer = state.deletions.admit(
                            count, of: objects.map { Deletions.Present(objects: $0, created: 0) },
                            now: SystemTime().now())
                        if case .held(let reason, isNew: true) = answer { state.pauses.append(reason.description) }
                        return answer
                    }
                },
                ended: { admitted, report in
                    state.withLock { $0.deletions.ended(admitted, refused: report.notDone) }
                })
        }

        func change(_ change: (inout Deletions) -> Void) { state.withLock { change(&$0.deletions) } }

        var paused: String? { state.withLock { $0.deletions.paused?.description } }
        var approval: Approval? { state.withLock { $0.deletions.approval } }
        var pauses: [String] { state.withLock { $0.pauses } }

        func resume() { change { _ = $0.approve(created: 0, now: SystemTime().now()) } }

        /// A reconcile holds so many back, a person approves them, and the next one finds them again.
        func allow(_ count: Int) {
            let now = SystemTime().now()
            let found = Deletions.Found(extra: count, source: 1, target: 1000)
            change { deletions in
                _ = deletions.judge(found, now: now)
                _ = deletions.approve(created: 0, now: now)
                deletions.reconcileBegan()
                _ = deletions.judge(found, now: now)
            }
        }
    }

    init() throws {
        stage = try Stage()
        for index in 0..<20 { try stage.putTarget(ObjectKey("k\(index)"), [1, 2, 3]) }
        try stage.put("stays", [1])
    }

    private func queue(objects: Int? = 1000, _ change: (inout MirrorOptions) -> Void = { _ in }) -> Queue {
        var options = MirrorOptions()
        change(&options)
        return Queue(stage, options, objects: objects)
    }

    private enum Outcome: Hashable {
        case deleted
        case held(String)
        case failed(StoreError.Kind)
        case changed
        case other(String)
    }

    /// Deletes all at the same time.
    private func delete(_ queue: Queue, _ keys: [ObjectKey], isRemoval: Bool = true) async -> [Outcome] {
        let body: @Sendable () async -> [Outcome] = {
            await withTaskGroup(of: (Int, Outcome).self) { group in
                for (index, key) in keys.enumerated() {
                    group.addTask { (index, await Self.delete(queue, key, isRemoval)) }
                }
                var outcomes = [Outcome](repeating: .other("none"), count: keys.count)
                for await (index, outcome) in group { outcomes[index] = outcome }
                return outcomes
            }
        }
        return await Task(executorPreference: StagedWatch.reactor, operation: body).value
    }

    private static func delete(_ queue: Queue, _ key: ObjectKey, _ isRemoval: Bool) async -> Outcome {
        do {
            switch try await queue.queue.delete(Extra(key: key, size: 3), isRemoval: isRemoval) {
            case .deleted: return .deleted
            case .present, .planned: return .other("present")
            case .held(let reason): return .held(reason.description)
            }
        } catch {
            switch error {
            case .server(let error): return .failed(error.kind)
            case .changed: return .changed
            default: return .other("\(error)")
            }
        }
    }

    private var keys: [ObjectKey] { (0..<20).map { ObjectKey("k\($0)") } }
    private var left: Int { stage.target.store.keys(in: Stage.bucket).count }

    @Test("What comes together goes together")
    func batch() async {
        #expect(await delete(queue(), keys) == Array(repeating: .deleted, count: 20))
        #expect(left == 0)
        // The first comes alone; the others gather while it is under way.
        #expect((1...3).contains(stage.target.requests.count(.deleteObjects)))
        // Of what the source told, its bucket is asked for; of other absences its first key.
        #expect(stage.source.requests.count(.headBucket) >= stage.target.requests.count(.deleteObjects))
        #expect(stage.source.requests.count(.listObjectsV2) == 0)
    }

    @Test("Of an empty source only those go whose removal was told", arguments: [true, false])
    func emptySource(isRemoval: Bool) async throws {
        try stage.source.store.remove("stays", in: Stage.bucket)
        let outcomes = await delete(queue(), keys, isRemoval: isRemoval)
        if isRemoval {
            #expect(outcomes == Array(repeating: .deleted, count: 20))
        } else {
            let isHeld = outcomes.allSatisfy { outcome in
                if case .held(let reason) = outcome { reason.contains("that an empty source is meant") } else { false }
            }
            #expect(isHeld && left == 20 && stage.target.requests.count(.deleteObjects) == 0)
            // Held back, they do not count as done.
            let queue = queue { $0.deletionGuard.limit = .count(20) }
            _ = await delete(queue, keys, isRemoval: false)
            #expect(await delete(queue, keys) == Array(repeating: .deleted, count: 20))
        }
    }

    @Test("An empty source may empty the target where a person said so")
    func allowed() async throws {
        try stage.source.store.remove("stays", in: Stage.bucket)
        let queue = queue { $0.deletionGuard.allowsEmptySource = true }
        #expect(await delete(queue, keys, isRemoval: false) == Array(repeating: .deleted, count: 20))
    }

    @Test("Without the source's bucket nothing goes, and it is no reason to pause")
    func bucketGone() async throws {
        try stage.source.store.remove("stays", in: Stage.bucket)
        _ = try stage.source.store.table.deleteBucket(Stage.bucket)
        let queue = queue { $0.deletionGuard.allowsEmptySource = true }
        #expect(await delete(queue, keys) == Array(repeating: .failed(.noSuchBucket), count: 20))
        #expect(left == 20 && queue.paused == nil)
        try stage.source.store.createBucket(Stage.bucket)
        #expect(await delete(queue, keys) == Array(repeating: .deleted, count: 20))
    }

    @Test(
        "A source that can't be asked, or a target that refuses, fails the batch, and later it goes",
        arguments: [true, false], [true, false])
    func failing(isSource: Bool, isRemoval: Bool) async {
        let queue = queue()
        let server = isSource ? stage.source : stage.target
        server.faults.add(
            FaultRule(
                "no", .operation(!isSource ? .deleteObjects : isRemoval ? .headBucket : .listObjectsV2),
                .status(FaultAction.Failure(403, code: "AccessDenied"))))
        #expect(await delete(queue, keys, isRemoval: isRemoval) == Array(repeating: .failed(.refused), count: 20))
        #expect(left == 20)
        server.faults.removeAll()
        #expect(await delete(queue, keys, isRemoval: isRemoval) == Array(repeating: .deleted, count: 20))
    }

    @Test("A key that the target keeps fails alone")
    func perKey() async {
        stage.target.behaviour.lockedKeys = [Behaviour.Refusal(key: "k7", status: 403, code: "AccessDenied")]
        let outcomes = await delete(queue(), keys)
        #expect(outcomes.filter { $0 == .deleted }.count == 19 && outcomes[7] == .failed(.refused))
        #expect(stage.target.store.keys(in: Stage.bucket) == ["k7"])
    }

    @Test("While nobody knows how many there are, a part of them can't be measured: later")
    func unknownCount() async {
        #expect(await delete(queue(objects: nil), keys) == Array(repeating: .changed, count: 20))
        #expect(left == 20)
        let counted = queue(objects: nil) { $0.deletionGuard.limit = .count(20) }
        #expect(await delete(counted, keys) == Array(repeating: .deleted, count: 20))
    }

    @Test("Past the limit they are paused, told once, until a person has them go on")
    func pauses() async {
        let queue = queue { $0.deletionGuard.limit = .count(3) }
        for key in keys.prefix(3) { #expect(await delete(queue, [key]) == [.deleted]) }
        for key in keys.dropFirst(3).prefix(4) {
            guard case .held(let reason) = await delete(queue, [key])[0] else {
                Issue.record("not held")
                continue
            }
            #expect(reason.contains("the limit of deletions 3"))
        }
        #expect(left == 17 && queue.pauses.count == 1 && queue.paused == queue.pauses[0])
        queue.resume()
        #expect(queue.paused == nil)
        for key in keys.dropFirst(3).prefix(3) { #expect(await delete(queue, [key]) == [.deleted]) }
        #expect(left == 14)
    }

    @Test("What a person wants gone is not measured, and only that")
    func allowance() async {
        let queue = queue { $0.deletionGuard.limit = .count(3) }
        queue.allow(10)
        #expect(await delete(queue, Array(keys.prefix(10))) == Array(repeating: .deleted, count: 10))
        #expect(queue.approval == nil)
        for key in keys.dropFirst(10).prefix(3) { #expect(await delete(queue, [key]) == [.deleted]) }
        guard case .held = await delete(queue, [keys[13]])[0] else { return #expect(Bool(false), "not held") }
        #expect(left == 7)
    }

    @Test("What the target refuses does not count, however often it is tried")
    func refusedIsNotCounted() async {
        let queue = queue { $0.deletionGuard.limit = .count(3) }
        stage.target.faults.add(
            FaultRule("no", .init(), .status(FaultAction.Failure(403, code: "AccessDenied"))))
        for _ in 0..<5 {
            for key in keys.prefix(2) { #expect(await delete(queue, [key]) == [.failed(.refused)]) }
        }
        stage.target.faults.removeAll()
        for key in keys.prefix(3) { #expect(await delete(queue, [key]) == [.deleted]) }
        guard case .held = await delete(queue, [keys[3]])[0] else { return #expect(Bool(false), "not held") }
    }

    @Test("A pause of an earlier process holds from the first key on")
    func pausedBefore() async {
        let queue = queue()
        queue.change { $0.recall(paused: "earlier", sawEmptySource: false) }
        #expect(await delete(queue, [keys[0]]) == [.held("earlier")])
        #expect(left == 20 && queue.pauses.isEmpty)
    }

    @Test("Trash keeps each before it goes; what can't be kept stays, and what is gone already is no failure")
    func trash() async throws {
        stage.target.faults.add(
            FaultRule(
                "no copy", .operation(.copyObject, key: ".trash/k3"),
                .status(FaultAction.Failure(403, code: "AccessDenied"))))
        try stage.target.store.remove("k5", in: Stage.bucket)
        let outcomes = await delete(queue { $0.trash = ".trash/" }, Array(keys.prefix(8)))
        for (index, outcome) in outcomes.enumerated() {
            #expect(outcome == (index == 3 ? .failed(.refused) : .deleted), "k\(index)")
        }
        #expect(try stage.targetBytes("k3") == [1, 2, 3] && stage.targetBytes(".trash/k3") == nil)
        #expect(try stage.targetBytes("k2") == nil && stage.targetBytes(".trash/k2") == [1, 2, 3])
        #expect(try stage.targetBytes(".trash/k5") == nil)
    }
}
