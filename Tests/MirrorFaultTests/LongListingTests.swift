import Listings
import ObjectModel
import Runtime
import S3Sandbox
import Testing

@testable import MirrorEngine

@Suite("Long listings")
struct LongListingTests {
    /// How keys of a bucket are named.
    enum Naming: String, CaseIterable, Sendable {
        case counted
        case hexadecimal
        case folders
        case alike
        case unicode

        func key(_ index: Int, _ random: inout SeededGenerator) -> ObjectKey {
            switch self {
            case .counted: "object-\(1_000_000 + index)"
            case .hexadecimal: ObjectKey(String(random.next(), radix: 16))
            case .folders: "\(index % 7)/\(index % 31)/\(index)"
            case .alike: ObjectKey(bytes: Array(repeating: UInt8(ascii: "a"), count: 1 + index % 900))
            case .unicode: ObjectKey("é\(index)ü\(index % 5)")
            }
        }
    }

    @Test("Ranges read at once find what one stream finds", arguments: Naming.allCases)
    func ranges(naming: Naming) async throws {
        let seed: UInt64 = 7
        var random = SeededGenerator(seed: seed)
        var paged = Behaviour()
        paged.pageSize = 10
        let stage = try Stage(source: paged, target: paged)
        defer { stage.stop() }
        var copies = 0
        var extras = 0
        for index in 0..<1500 {
            let key = naming.key(index, &random)
            let place = Int.random(in: 0..<40, using: &random)
            guard stage.source.store.object(key, in: Stage.bucket) == nil,
                stage.target.store.object(key, in: Stage.bucket) == nil
            else { continue }
            if place != 0 { try stage.put(key, [1]) }
            if place != 1 { try stage.putTarget(key, [1]) }
            if place == 0 { extras += 1 }
            if place == 1 { copies += 1 }
        }
        let count = stage.source.store.keys(in: Stage.bucket).count
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .ok, "seed \(seed): \(result.summary.error ?? "")")
        #expect(result.summary.copied.objects == copies && result.summary.deleted == extras)
        #expect(result.summary.source.objects == count && result.summary.same == count - copies)
        #expect(try stage.differences() == [])
        let lists = stage.source.requests.count(.listObjectsV2)
        // Where they wait for the machine, readers take each other for distant and cut more.
        #expect(lists < count / 10 + 400, "\(lists) listing requests for \(count) objects")
    }

    /// Servers with pages of ten keys, and 1,500 keys on the source.
    ///
    /// - Parameter isOnTarget: whether the target has the key of this number too.
    private func longStage(seed: UInt64, isOnTarget: (Int) -> Bool = { _ in true }) throws -> Stage {
        var random = SeededGenerator(seed: seed)
        var paged = Behaviour()
        paged.pageSize = 10
        let stage = try Stage(source: paged, target: paged)
        for index in 0..<1500 {
            let key = Naming.counted.key(index, &random)
            try stage.put(key, [1])
            if isOnTarget(index) { try stage.putTarget(key, [1]) }
        }
        return stage
    }

    @Test("A long listing is read in several ranges, from keys that only the server could tell")
    func isSplit() async throws {
        let stage = try longStage(seed: 1)
        defer { stage.stop() }
        let result = await stage.mirror { $0.distance = .near }
        #expect(result.summary.status == .ok && result.summary.same == 1500)
        let starts = stage.target.requests.records.filter { $0.query.contains("start-after") }
        #expect(starts.count >= 10, "only \(starts.count) ranges of the target were read")
    }

    @Test("Disorder in a range of a long listing is found out as anywhere else")
    func disorder() async throws {
        let stage = try longStage(seed: 2) { $0 % 100 != 0 }
        defer { stage.stop() }
        stage.source.faults.add(
            FaultRule("reordered", .operation(.listObjectsV2, nth: 100), .listing(.reordered)))
        let result = await stage.mirror { $0.removes = true }
        #expect(result.summary.status == .ok && result.summary.deleted == 0 && result.summary.source.objects == 1500)
        #expect(try stage.differences() == [])
    }
}
