import Listings
import ObjectModel
import Runtime
import S3
import S3Sandbox
import S3Store
import Stores
import Testing

@testable import MirrorEngine

@Suite("A watch and what changes", .timeLimit(.minutes(10)))
struct WatchChangeTests {
    private static let ways: [WatchOptions.Events] = [.listen, .poll]

    /// A stage whose keep-alives come early, so that a stream is live soon.
    static func stage(_ change: (inout Behaviour) -> Void = { _ in }) throws -> Stage {
        var behaviour = Behaviour()
        behaviour.pings = .ignored
        behaviour.minimumPartSize = 1
        change(&behaviour)
        return try Stage(source: behaviour, target: behaviour)
    }

    @Test("Every kind of change arrives, by events and by polls", arguments: ways)
    func everyChange(events: WatchOptions.Events) async throws {
        let stage = try Self.stage()
        defer { stage.stop() }
        try stage.put("there", patterned(100, seed: 1))
        try stage.putTarget("extra", [1])
        try await stage.watched {
            $0.watch.events = events
        } _: { watch in
            try await watch.untilSame()
            // A second apart from what was there, by the dates of listings.
            try stage.put("new", patterned(1000, seed: 2))
            try stage.put("large", patterned(200_000, seed: 3))
            try stage.put("parts", patterned(300_000, seed: 4), partSize: 100_000)
            try stage.put("empty", [])
            try await watch.untilSame()
            try stage.put("new", patterned(1000, seed: 5))
            try await watch.untilSame()
            try stage.source.store.remove("new", in: Stage.bucket)
            try await watch.untilSame()
            try stage.put("new", patterned(7, seed: 6))
            try await watch.untilSame()
            try stage.put("there", patterned(100, seed: 1), type: "application/json")
            try await watch.untilSame()
            try stage.source.store.put(
                "there", in: Stage.bucket, patterned(100, seed: 1),
                headers: [
                    ObjectHeaders.NameValue("content-type", "text/plain"),
                    ObjectHeaders.NameValue("x-amz-meta-colour", "blue"),
                ])
            try await watch.untilSame()
            try stage.source.store.put(
                "there", in: Stage.bucket, patterned(100, seed: 1),
                headers: [ObjectHeaders.NameValue("content-type", "text/plain")],
                tags: [ObjectHeaders.NameValue("stage", "test")])
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(stage.targetUploads == 0)
            let status = watch.status
            #expect(status.copied.objects >= 6 && status.metadata >= 1 && status.deleted >= 2)
            #expect(status.failures == 0 && status.poisoned == 0)
            #expect(status.target.objects == 5, "\(status)")
        }
    }

    @Test("Tags that alone are set are told by an event, and come over")
    func tagsAlone() async throws {
        let stage = try Self.stage()
        defer { stage.stop() }
        try stage.put("a", patterned(100, seed: 1))
        try await stage.watched { watch in
            try await watch.untilWatching()
            let source = stage.store(stage.source, "writer")
            let body: @Sendable () async throws -> Void = {
                try await source.client.setObjectTags(
                    bucket: Stage.bucket, key: "a", tags: [ObjectHeaders.NameValue("stage", "test")])
            }
            try await Task(executorPreference: StagedWatch.reactor, operation: body).value
            try await watch.untilSame()
            #expect(stage.target.store.object("a", in: Stage.bucket)?.tags.count == 1)
            #expect(watch.status.copied.objects == 1)
        }
    }

    @Test("Events that come twice, late, out of order and for keys that never were do no harm")
    func hints() async throws {
        let stage = try Self.stage()
        defer { stage.stop() }
        try await stage.watched { watch in
            try await watch.untilWatching()
            let held = Mutex<[KeyChange]>([])
            watch.tap.change { events in
                held.withLock { held in
                    let all = held + events + events
                    held = Array(events.reversed())
                    return all.shuffled() + [
                        KeyChange(kind: .created, bucket: Stage.bucket, keys: ["never there"]),
                        KeyChange(kind: .removed, bucket: Stage.bucket, keys: ["a"]),
                        KeyChange(kind: .other, bucket: Stage.bucket, keys: ["b"]),
                    ]
                }
            }
            for round in 0..<10 as Range<UInt64> {
                for (index, key) in ["a", "b", "c"].enumerated() {
                    try stage.put(ObjectKey(key), patterned(50, seed: round * 10 + UInt64(index)))
                }
                try stage.source.store.remove("c", in: Stage.bucket)
                try await watch.pass(.milliseconds(2))
            }
            try await watch.untilSame()
            try await watch.untilQuiet()
            #expect(stage.target.store.keys(in: Stage.bucket) == ["a", "b"])
            #expect(watch.status.failures == 0)
        }
    }

    @Test("Events that are lost are made good by the next reconcile")
    func lost() async throws {
        let stage = try Self.stage()
        defer { stage.stop() }
        try stage.put("gone", [1])
        try await stage.watched {
            $0.watch.reconcileInterval = .milliseconds(700)
        } _: { watch in
            try await watch.untilWatching()
            watch.tap.change { _ in [] }
            for index in 0..<20 { try stage.put(ObjectKey("k\(index)"), patterned(60, seed: UInt64(index))) }
            try stage.source.store.remove("gone", in: Stage.bucket)
            try await watch.untilSame()
            #expect(watch.told.reconciles.contains(.schedule))
            #expect(Set(watch.told.reconciles).isSubset(of: [.start, .schedule]))
        }
    }

    @Test("A person may ask for a reconcile")
    func requested() async throws {
        let stage = try Self.stage()
        defer { stage.stop() }
        try await stage.watched { watch in
            try await watch.untilWatching()
            try stage.source.store.put("silent", in: Stage.bucket, [1], notifies: false)
            watch.watch.requestReconcile()
            try await watch.until("copied") { try stage.targetBytes("silent") == [1] }
            #expect(watch.told.reconciles == [.start, .request])
        }
    }

    @Test(
        "Keys that servers before 2020-04-28 encode in events are understood, and so are raw ones",
        arguments: [true, false])
    func encodedKeys(isEncoded: Bool) async throws {
        let stage = try Self.stage { $0.encodesEventKeys = isEncoded }
        defer { stage.stop() }
        let keys: [ObjectKey] = [
            "a b", "a+b", "a%20b", "ä/ö", "100%", "%", "a&b=c?d", "+", "e\u{301}", "é", "x\\y", "\"quoted\"",
            "tab\there",
        ]
        try await stage.watched { watch in
            try await watch.untilWatching()
            for (index, key) in keys.enumerated() { try stage.put(key, patterned(40, seed: UInt64(index))) }
            try await watch.untilSame()
            for key in keys.dropFirst(3) { try stage.source.store.remove(key, in: Stage.bucket) }
            try await watch.untilSame()
            #expect(watch.told.reconciles == [.start])
        }
    }

    @Test("Of a part of the bucket only that part is kept, and by the filter")
    func scope() async throws {
        let stage = try Self.stage()
        defer { stage.stop() }
        try stage.putTarget("out/kept", [1])
        try stage.putTarget("in/kept.tmp", [1])
        let filter = Filter(rules: [.exclude(try Glob("*.tmp"))])
        try await stage.watched {
            $0.prefix = "in/"
            $0.mirror.filter = filter
        } _: { watch in
            try await watch.untilWatching()
            for key in ["in/a", "in/b.tmp", "out/a", "in", "in/c/d"] { try stage.put(ObjectKey(key), [2]) }
            try stage.source.store.put("in/old", in: Stage.bucket, [1], notifies: false)
            try stage.put("in/kept.tmp", [9])
            try stage.source.store.remove("in/kept.tmp", in: Stage.bucket)
            let wanted: [ObjectKey] = ["in/a", "in/c/d", "in/kept.tmp", "out/kept"]
            try await watch.until("what is in scope") { stage.target.store.keys(in: Stage.bucket) == wanted }
            watch.watch.requestReconcile()
            try await watch.until("reconciled") { stage.target.store.keys(in: Stage.bucket).count == 5 }
            try await watch.pass(.milliseconds(50))
            #expect(stage.target.store.keys(in: Stage.bucket) == (wanted + ["in/old"]).sorted())
        }
    }

    @Test("The lag of a change runs from the moment at which it became known")
    func lag() async throws {
        let stage = try Self.stage()
        defer { stage.stop() }
        try await stage.watched {
            $0.firstByte = .seconds(60)
        } _: { watch in
            try await watch.untilWatching()
            try await watch.untilQuiet()
            #expect(watch.status.lag == nil)
            let gate = Gate()
            defer { gate.open() }
            stage.target.faults.add(FaultRule("held up", .operation(.putObject), gate.fault))
            try stage.put("a", [1])
            try await watch.until("held up") { stage.target.faults.hits("held up") == 1 }
            try await watch.pass(.milliseconds(300))
            #expect((watch.status.lag ?? .zero) >= .milliseconds(300) && watch.status.pending == 1)
            gate.open()
            try await watch.untilSame()
            try await watch.untilQuiet()
            let lags = watch.told.all.compactMap { event in
                if case .object(_, let lag) = event { lag } else { nil }
            }
            #expect(lags.count == 1 && lags.allSatisfy { $0 >= .milliseconds(300) })
        }
    }
}
