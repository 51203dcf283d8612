import MirrorEngine
import ObjectModel
import Runtime
import S3
import S3Sandbox
import Stores
import Testing

@Suite("Places of the concurrency limits")
struct PlaceTests {
    @Test(
        "Relays of tagged objects do not wait for one another, however few places there are", .timeLimit(.minutes(10)))
    func taggedRelays() async throws {
        let stage = try Stage()
        defer { stage.stop() }
        for index in 0..<6 {
            try stage.source.store.put(
                ObjectKey("big\(index)"), in: Stage.bucket, patterned(200_000, seed: UInt64(index)),
                tags: [ObjectHeaders.NameValue("a", "b")])
        }
        let result = await stage.mirror(reads: ConcurrencyLimit.Bounds(maximum: 1))
        #expect(result.summary.status == .ok && result.summary.copied.objects == 6)
        for index in 0..<6 {
            #expect(try stage.targetBytes(ObjectKey("big\(index)")) == patterned(200_000, seed: UInt64(index)))
        }
    }
}
