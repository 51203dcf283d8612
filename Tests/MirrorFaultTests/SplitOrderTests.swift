import Listings
import ObjectModel
import Runtime
import S3Sandbox
import Testing

@testable import MirrorEngine

/// Long listings of servers whose order shows only in their rest, or who take up a listing where they like.
@Suite("Long listings in another order", .timeLimit(.minutes(10)))
struct SplitOrderTests {
    /// Many keys that every order lists alike, then folders beside files that begin with the same letters.
    private static let keys: [ObjectKey] = {
        let alike = (0..<340).map { ObjectKey("a\(1000 + $0)") }
        let mixed = ["-", "!", "/", "."].flatMap { mark in (0..<20).map { ObjectKey("a\(mark)\(1000 + $0)") } }
        let rest = (0..<40).flatMap { [ObjectKey("b\(1000 + $0)"), ObjectKey("b\(1000 + $0)/x")] }
        return alike.map { ObjectKey("Z" + $0.description) } + mixed + alike.prefix(40) + rest
    }()

    private static let distances = [Traversal.Distance.near, .distant]
    /// More than an answer takes where a sanitizer slows down both ends on a machine with much else to do: a server that
    /// does not answer is another test.
    private static let firstByte = Duration.seconds(60)

    private func stage(_ change: (inout Behaviour, inout Behaviour) -> Void) throws -> Stage {
        var source = Behaviour()
        source.pageSize = 10
        var target = source
        change(&source, &target)
        return try Stage(source: source, target: target)
    }

    private func mirror(
        _ stage: Stage, _ distance: Traversal.Distance, removes: Bool = true
    ) async -> Stage.Result {
        await stage.mirror(firstByte: Self.firstByte) {
            $0.removes = removes
            $0.distance = distance
        }
    }

    @Test(
        "A server that lists by path is read to the end, whichever side it is and whatever is missing",
        arguments: [(true, false), (false, true), (true, true)], Self.distances)
    func pathOrder(_ side: (source: Bool, target: Bool), distance: Traversal.Distance) async throws {
        let stage = try stage { source, target in
            if side.source { source.listOrder = .path }
            if side.target { target.listOrder = .path }
        }
        defer { stage.stop() }
        for (index, key) in Self.keys.enumerated() {
            try stage.put(key, [1])
            if index % 12 != 0 { try stage.putTarget(key, [1]) }
        }
        let result = await mirror(stage, distance)
        #expect(result.summary.status == .ok, "\(result.summary.error ?? result.summary.objection ?? "")")
        #expect(try stage.differences() == [])
        #expect(result.summary.source.objects == Self.keys.count)
        #expect(result.summary.deleted == 0)
    }

    @Test("Both in the order of paths at any branch of a long listing", arguments: [1, 2] as [UInt64], Self.distances)
    func randomFolders(_ seed: UInt64, distance: Traversal.Distance) async throws {
        var random = SeededGenerator(seed: seed)
        let stage = try stage { source, _ in source.listOrder = .path }
        defer { stage.stop() }
        let letters = Array("ab-/.!0".utf8)
        for index in 0..<640 {
            // The first half lists alike in every order.
            let tail = (0..<4).map { _ in letters.randomElement(using: &random) ?? 0 }
            let key = index < 340 ? ObjectKey("A\(1000 + index)") : ObjectKey(bytes: [0x6B] + tail + [0x78])
            try stage.put(key, [1])
            if Int.random(in: 0..<12, using: &random) > 0 { try stage.putTarget(key, [1]) }
        }
        let result = await mirror(stage, distance, removes: false)
        #expect(result.summary.status == .ok, "seed \(seed): \(result.summary.error ?? "")")
        #expect(try stage.differences() == [], "seed \(seed)")
    }

    @Test("No cut hides a folder that only the target has beside the names at the cut", arguments: Self.distances)
    func hiddenFolder(distance: Traversal.Distance) async throws {
        let stage = try stage { _, target in target.listOrder = .path }
        defer { stage.stop() }
        let pagesBefore = distance == .near ? 31 : 3
        let alike = (0..<pagesBefore * 10).map { ObjectKey("a\(1000 + $0)") }
        // The source's page reaches into these when the first cut is made, the target's does not reach its folder.
        let names = ["!", "-", "0", "1", "2", "3", "5", "8"].flatMap { mark in
            (0..<30).map { ObjectKey("c\(mark)\(10 + $0)") }
        }
        for key in alike + ["b"] + names {
            try stage.put(key, [1])
            try stage.putTarget(key, [1])
        }
        let extras = (0..<9).map { ObjectKey("b\($0)") } + (0..<25).map { ObjectKey("c/\(10 + $0)") }
        for key in extras { try stage.putTarget(key, [1]) }
        let result = await mirror(stage, distance)
        #expect(result.summary.status == .ok, "\(result.summary.error ?? result.summary.objection ?? "")")
        #expect(result.summary.deleted == extras.count)
        #expect(result.summary.source.objects == alike.count + 1 + names.count)
        #expect(try stage.differences() == [])
    }
}
