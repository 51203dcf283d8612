import ObjectModel
import Runtime
import S3
import S3Sandbox
import S3Store
import Stores
import TestSupport
import Testing

@testable import MirrorEngine

/// A watch that ended, as one that a changed configuration replaces, holds nothing any more.
@Suite("What a watch leaves behind", .timeLimit(.minutes(5)))
struct WatchReleaseTests {
    private final class Weak<Object: AnyObject> {
        weak var object: Object?

        init(_ object: Object) { self.object = object }
    }

    @Test("A watch that ended lets go of its clients", arguments: [true, false])
    func clients(listens: Bool) async throws {
        let stage = try Stage()
        defer { stage.stop() }
        try stage.put("a", [1])
        let (watch, clients) = try await watched(stage, listens: listens)
        try await Patience.until("the watch and its clients are released") {
            watch.object == nil && clients.allSatisfy { $0.object == nil }
        }
    }

    private func watched(_ stage: Stage, listens: Bool) async throws -> (Weak<MirrorWatch>, [Weak<S3Client>]) {
        var settings = StagedWatch.Settings()
        if !listens { settings.refusal = .refused }
        let staged = try await StagedWatch(stage, settings)
        staged.start()
        try await staged.untilSame()
        try stage.put("b", [2])
        try await staged.untilSame()
        await staged.stop()
        let stores = [staged.watch.work.source, staged.watch.work.target]
        return (Weak(staged.watch), stores.compactMap { ($0 as? S3Bucket).map { Weak($0.client) } })
    }
}
