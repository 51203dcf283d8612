import Journal
import ObjectModel
import S3
import S3Sandbox
import Stores
import Testing

@testable import MirrorEngine

@Suite("A watch deletes only what it must", .timeLimit(.minutes(10)))
struct WatchDeletionTests {
    /// Both sides hold the same `count` objects.
    private func stage(_ count: Int) throws -> Stage {
        let stage = try WatchChangeTests.stage()
        for index in 0..<count {
            try stage.put(ObjectKey("k\(index)"), [UInt8(truncatingIfNeeded: index)])
            try stage.putTarget(ObjectKey("k\(index)"), [UInt8(truncatingIfNeeded: index)])
        }
        return stage
    }

    private func count(_ stage: Stage) -> Int { stage.target.store.keys(in: Stage.bucket).count }

    /// The disk is gone: nobody removed anything, and nothing is told.
    private func lose(_ stage: Stage, bucketToo: Bool) throws {
        for key in stage.source.store.keys(in: Stage.bucket) {
            try stage.source.store.remove(key, in: Stage.bucket, notifies: false)
        }
        if bucketToo { _ = try stage.source.store.table.deleteBucket(Stage.bucket) }
    }

    private func events(_ kind: KeyChange.Kind, _ keys: [ObjectKey]) -> ChangeFeed.Signal {
        .events(keys.map { KeyChange(kind: kind, bucket: Stage.bucket, keys: [$0]) })
    }

    @Test("A source bucket that vanishes empties nothing, whatever is told of its keys")
    func bucketGone() async throws {
        let stage = try stage(20)
        defer { stage.stop() }
        try await stage.watched { watch in
            try await watch.untilWatching()
            let keys = stage.source.store.keys(in: Stage.bucket)
            try lose(stage, bucketToo: true)
            watch.watch.take(events(.removed, keys))
            watch.watch.requestReconcile()
            try await watch.until("the listing failed") {
                watch.told.all.contains { if case .reconcileFailed = $0 { true } else { false } }
            }
            try await watch.pass(.milliseconds(700))
            #expect(count(stage) == 20 && watch.status.deleted == 0)
            #expect(stage.target.requests.count(.deleteObjects) == 0)
            // It comes back, restored from a backup that lacks one.
            try stage.source.store.createBucket(Stage.bucket)
            for index in 1..<20 { try stage.put(ObjectKey("k\(index)"), [UInt8(truncatingIfNeeded: index)]) }
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(watch.status.deleted >= 1)
        }
    }

    @Test("A source that comes back empty empties nothing, by listings, hints or jobs that were under way")
    func comesBackEmpty() async throws {
        let stage = try stage(20)
        defer { stage.stop() }
        try await stage.watched { watch in
            try await watch.untilWatching()
            let keys = stage.source.store.keys(in: Stage.bucket)
            try lose(stage, bucketToo: false)
            watch.watch.take(events(.created, keys))
            watch.watch.requestReconcile()
            try await watch.until("guarded") { watch.status.objection != nil }
            try await watch.untilQuiet()
            #expect(count(stage) == 20 && watch.status.deleted == 0)
            #expect(stage.target.requests.count(.deleteObjects) == 0)
            try await watch.until("told") {
                watch.told.guarded.contains { $0.contains("that an empty source is meant") }
            }
            // Copies go on.
            try stage.put("new", [1])
            try await watch.until("copied") { try stage.targetBytes("new") == [1] }
        }
    }

    @Test(
        "A source that was empty is not believed for its first new object, also after a restart, but when it is back",
        arguments: [false, true])
    func writtenToAfterEmpty(_ bucketToo: Bool) async throws {
        let stage = try stage(20)
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let configure: (inout StagedWatch.Settings) -> Void = { $0.journal = journal }
        try await stage.watched(configure) { watch in
            try await watch.untilWatching()
            try await watch.until("compared") { watch.told.outcomes.count == 1 }
            try lose(stage, bucketToo: bucketToo)
            watch.watch.requestReconcile()
            try await watch.until("noticed") {
                watch.status.objection != nil || watch.status.serverGone?.contains("NoSuchBucket") == true
            }
            if bucketToo { try stage.source.store.createBucket(Stage.bucket) }
            try stage.put("first", [1])
            watch.watch.requestReconcile()
            try await watch.until("held") { watch.status.objection?.contains("was empty") == true }
            try await watch.until("copied") { try stage.targetBytes("first") == [1] }
            #expect(count(stage) == 21 && watch.status.deleted == 0)
        }
        try await stage.watched(configure) { watch in
            try await watch.until("held still") { watch.status.objection?.contains("was empty") == true }
            #expect(count(stage) == 21 && watch.status.deleted == 0)
            // It comes back, all but one.
            for index in 1..<20 { try stage.put(ObjectKey("k\(index)"), [UInt8(truncatingIfNeeded: index)]) }
            watch.watch.requestReconcile()
            try await watch.untilSame()
            try await watch.until("one gone") { watch.status.deleted == 1 }
        }
    }

    @Test("Of a source that was empty the rest goes when a person says so")
    func resumedAfterEmpty() async throws {
        let stage = try stage(20)
        defer { stage.stop() }
        try await stage.watched { watch in
            try await watch.untilWatching()
            try lose(stage, bucketToo: false)
            watch.watch.requestReconcile()
            try await watch.until("noticed") { watch.status.objection != nil }
            try stage.put("first", [1])
            watch.watch.requestReconcile()
            try await watch.until("held") { watch.status.objection?.contains("was empty") == true }
            await watch.watch.resumeDeletes()
            try await watch.untilSame()
        }
    }

    @Test("What clients removed one by one goes, the last object too")
    func lastObject() async throws {
        let stage = try stage(3)
        defer { stage.stop() }
        try await stage.watched { watch in
            try await watch.untilWatching()
            for index in 0..<3 { try stage.source.store.remove(ObjectKey("k\(index)"), in: Stage.bucket) }
            try await watch.untilSame()
            #expect(count(stage) == 0 && watch.told.guarded.isEmpty)
        }
    }

    @Test("Without --remove nothing is deleted")
    func withoutRemove() async throws {
        let stage = try stage(3)
        defer { stage.stop() }
        try stage.putTarget("extra", [1])
        try await stage.watched {
            $0.mirror.removes = false
        } _: { watch in
            try await watch.untilWatching()
            try stage.source.store.remove("k1", in: Stage.bucket)
            try stage.put("new", [1])
            try await watch.until("copied") { try stage.targetBytes("new") == [1] }
            try await watch.untilQuiet()
            #expect(count(stage) == 5 && watch.status.heldDeletes == 0)
        }
    }

    @Test("Too many deletions for one reconcile are held back, said once, and never called identical")
    func reconcileGuard() async throws {
        let stage = try stage(50)
        defer { stage.stop() }
        for index in 0..<150 { try stage.putTarget(ObjectKey("extra/\(index)"), [1]) }
        try await stage.watched { watch in
            try await watch.until("reconciled") { watch.status.lastReconcile != nil }
            try stage.put("new", [1])
            try await watch.until("copied") { try stage.targetBytes("new") == [1] }
            for round in 2...3 {
                watch.watch.requestReconcile()
                try await watch.until("reconciled again") { watch.told.outcomes.count == round }
            }
            try await watch.untilQuiet()
            #expect(count(stage) == 201 && watch.status.heldDeletes == 150)
            #expect(watch.told.guarded.count == 1 && watch.told.guarded[0].contains("the limit of deletions"))
            #expect(watch.status.lastIdentical == nil && watch.status.objection != nil)
            // Most of them come to the source: the rest is few enough.
            for index in 0..<100 { try stage.put(ObjectKey("extra/\(index)"), [1]) }
            watch.watch.requestReconcile()
            try await watch.untilSame()
            try await watch.until("seen identical") { watch.status.lastIdentical != nil }
            #expect(watch.status.objection == nil && watch.status.heldDeletes == 0)
        }
    }

    @Test("Deletions that add up pause them, copies go on, and a person lets them go on")
    func rollingGuard() async throws {
        let stage = try stage(20)
        defer { stage.stop() }
        try await stage.watched {
            $0.mirror.deletionGuard.limit = .count(5)
        } _: { watch in
            try await watch.untilWatching()
            let seen = watch.status.lastIdentical
            for index in 0..<5 {
                try stage.source.store.remove(ObjectKey("k\(index)"), in: Stage.bucket)
                try await watch.until("deleted") { watch.status.deleted == index + 1 }
            }
            for index in 5..<8 { try stage.source.store.remove(ObjectKey("k\(index)"), in: Stage.bucket) }
            try await watch.until("paused") { watch.status.deletesPaused != nil }
            try await watch.untilQuiet()
            #expect(count(stage) == 15 && watch.status.deleted == 5)
            #expect(watch.told.pauses.count == 1 && watch.status.heldDeletes == 3)
            try stage.put("new", [1])
            try await watch.until("copied") { try stage.targetBytes("new") == [1] }
            watch.watch.requestReconcile()
            try await watch.until("reconciled") { watch.told.outcomes.count == 2 }
            try await watch.untilQuiet()
            try await watch.pass(.milliseconds(300))
            // Three objects too many: nobody may call that identical.
            #expect(count(stage) == 16 && watch.status.lastIdentical == seen)
            #expect(watch.status.heldDeletes == 3)
            await watch.watch.resumeDeletes()
            try await watch.untilSame()
            try await watch.until("seen identical") { watch.status.lastIdentical != seen }
            #expect(watch.status.deletesPaused == nil && watch.status.heldDeletes == 0)
            #expect(watch.told.pauses.count == 1)
        }
    }

    @Test("A person may have a reconcile's deletions done however many they are, once")
    func approved() async throws {
        let stage = try stage(10)
        defer { stage.stop() }
        for index in 0..<150 { try stage.putTarget(ObjectKey("extra/\(index)"), [1]) }
        try await stage.watched { watch in
            try await watch.until("guarded") { watch.status.objection != nil }
            try await watch.until("reconciled") { watch.status.lastReconcile != nil }
            await watch.watch.resumeDeletes()
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(watch.status.deleted == 150 && watch.status.objection == nil && watch.told.pauses.isEmpty)
            // The next ones are measured again.
            for index in 0..<150 { try stage.putTarget(ObjectKey("extra/\(index)"), [1]) }
            watch.watch.requestReconcile()
            try await watch.until("guarded again") { watch.status.objection != nil }
            try await watch.untilQuiet()
            #expect(count(stage) == 160 && watch.status.heldDeletes == 150)
        }
    }

    @Test("Whatever a person says, an empty source empties nothing")
    func approvedEmpty() async throws {
        let stage = try stage(5)
        defer { stage.stop() }
        try await stage.watched { watch in
            try await watch.untilWatching()
            try lose(stage, bucketToo: false)
            for _ in 0..<2 {
                let reconciles = watch.told.outcomes.count
                watch.watch.requestReconcile()
                try await watch.until("reconciled") { watch.told.outcomes.count > reconciles }
                try await watch.until("guarded") { watch.status.objection != nil }
                await watch.watch.resumeDeletes()
                try await watch.until("reconciled anew") { watch.told.outcomes.count > reconciles + 1 }
                try await watch.untilQuiet()
            }
            #expect(count(stage) == 5 && watch.status.deleted == 0)
        }
    }

    @Test("A pause outlives the process, and so does its end")
    func pauseIsKept() async throws {
        let stage = try stage(10)
        defer { stage.stop() }
        let journal = try await Journal.temporary()
        let configure: (inout StagedWatch.Settings) -> Void = {
            $0.mirror.deletionGuard.limit = .count(2)
            $0.journal = journal
        }
        try await stage.watched(configure) { watch in
            try await watch.untilWatching()
            for index in 0..<4 { try stage.source.store.remove(ObjectKey("k\(index)"), in: Stage.bucket) }
            try await watch.until("paused") { watch.status.deletesPaused != nil }
            // What came in one batch is held back as one.
            #expect((8...10).contains(count(stage)))
        }
        let left = count(stage)
        try await stage.watched(configure) { watch in
            try await watch.until("paused still") { watch.status.deletesPaused != nil }
            try await watch.until("reconciled") { watch.status.lastReconcile != nil }
            try await watch.untilQuiet()
            #expect(count(stage) == left && watch.told.pauses.count == 1)
            try stage.put("k0", [1])
            try stage.put("k1", [1])
            await watch.watch.resumeDeletes()
            try await watch.untilSame()
        }
        try await stage.watched(configure) { watch in
            try await watch.untilWatching()
            #expect(watch.status.deletesPaused == nil)
        }
    }

    @Test("What is deleted or replaced is kept under the trash prefix")
    func trash() async throws {
        let stage = try stage(3)
        defer { stage.stop() }
        try await stage.watched {
            $0.mirror.trash = ".trash/"
        } _: { watch in
            try await watch.untilWatching()
            try stage.source.store.remove("k0", in: Stage.bucket)
            try stage.put("k1", [7, 7])
            try await watch.until("kept") { try stage.targetBytes(".trash/k0") == [0] }
            try await watch.until("replaced") { try stage.targetBytes("k1") == [7, 7] }
            #expect(try stage.targetBytes(".trash/k1") == [1])
            try await watch.until("deleted") { try stage.targetBytes("k0") == nil }
            watch.watch.requestReconcile()
            try await watch.until("reconciled") { watch.told.outcomes.count == 2 }
            try await watch.untilQuiet()
            #expect(count(stage) == 4 && watch.told.guarded.isEmpty)
        }
    }

    @Test("Many removals at once go in few requests")
    func batches() async throws {
        let stage = try stage(400)
        defer { stage.stop() }
        try await stage.watched {
            $0.mirror.deletionGuard.limit = .count(1000)
        } _: { watch in
            try await watch.untilWatching()
            for index in 0..<300 { try stage.source.store.remove(ObjectKey("k\(index)"), in: Stage.bucket) }
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(stage.target.requests.count(.deleteObjects) < 150)
            #expect(watch.status.deleted == 300)
        }
    }
}
