import Listings
import ObjectModel
import Runtime
import TestSupport
import Testing

@testable import MirrorEngine

@Suite("Merging two listings")
struct ListingMergeTests {
    /// A step of a merge, or of the naive comparison.
    private enum Step: Hashable {
        case sourceOnly(ObjectKey, ObjectState)
        case targetOnly(ObjectKey, ObjectState)
        case both(ObjectKey, ObjectState, ObjectState)

        init(_ step: MergeStep) {
            switch step {
            case .sourceOnly(let key, let state): self = .sourceOnly(key, state)
            case .targetOnly(let key, let state): self = .targetOnly(key, state)
            case .both(let key, let left, let right): self = .both(key, left, right)
            }
        }
    }

    private typealias Side = [ObjectKey: ObjectState]

    /// Pages of random sizes, an empty one among them now and then, keys under `prefix`.
    private func pages(
        _ side: Side, prefix: ObjectKey, order: KeyOrder, _ random: inout SeededGenerator
    ) -> MemoryPages {
        var rest = side.keys.sorted { order.precedes($0, $1) }[...]
        var pages: [[ListedObject]] = []
        while !rest.isEmpty {
            let count = Int.random(in: 0...7, using: &random)
            pages.append(
                rest.prefix(count).map { key in
                    ListedObject(key: key.prefixed(by: prefix), state: side[key] ?? Self.states[0])
                })
            rest = rest.dropFirst(count)
        }
        return MemoryPages(pages)
    }

    private static let states: [ObjectState] = {
        let etags = ["", "x", "9e107d9d372bb6826bd81d3542a419d6", "9e107d9d372bb6826bd81d3542a419d6-2"].map { ETag($0) }
        var states: [ObjectState] = []
        for etag in etags {
            for size in [0, 5] as [Int64] {
                for time in [1_000_000, 1_000_500, 1_003_000] as [Int64] {
                    states.append(
                        ObjectState(
                            size: size, etag: etag, lastModified: Timestamp(milliseconds: time), storageClass: nil))
                }
            }
        }
        return states
    }()

    private func naive(
        _ source: Side, _ target: Side, order: KeyOrder, options: DecisionOptions, looksAtAll: Bool
    ) -> [Step] {
        Set(source.keys).union(target.keys).sorted { order.precedes($0, $1) }.compactMap { key in
            guard let left = source[key] else { return target[key].map { .targetOnly(key, $0) } }
            guard let right = target[key] else { return .sourceOnly(key, left) }
            let isSame = Decision.decide(source: left, target: right, options: options) == .same
            return isSame && !looksAtAll ? nil : .both(key, left, right)
        }
    }

    @Test(
        "A merge finds what a comparison of two dictionaries finds", arguments: KeyOrder.allCases,
        1...60 as ClosedRange<UInt64>)
    func random(_ order: KeyOrder, _ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var source: Side = [:]
        var target: Side = [:]
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            let key = random.nextKey()
            // Mostly on both sides, and mostly the same.
            let state = Self.states.randomElement(using: &random)
            let side = Int.random(in: 0..<8, using: &random)
            if side != 0 { source[key] = state }
            if side != 1 { target[key] = side == 2 ? Self.states.randomElement(using: &random) : state }
        }
        var options = DecisionOptions()
        options.checksHeaders = Int.random(in: 0..<8, using: &random) == 0
        options.clockSkew = [0, 0, 4000, -4000].randomElement(using: &random) ?? 0
        options.headersDoubtfulFrom =
            Int.random(in: 0..<4, using: &random) == 0 ? Timestamp(milliseconds: 1_002_000) : nil
        let looksAtAll = Int.random(in: 0..<8, using: &random) == 0
        let prefixes: [ObjectKey] = ["", "p", "p/", "a/b/", "\u{e9}/"]
        let left = prefixes.randomElement(using: &random) ?? ""
        let right = prefixes.randomElement(using: &random) ?? ""

        var one = ListingCursor(
            pages(source, prefix: left, order: order, &random), prefixLength: left.bytes.count)
        var other = ListingCursor(
            pages(target, prefix: right, order: order, &random), prefixLength: right.bytes.count)
        try await one.start()
        try await other.start()
        var merge = ListingMerge(
            source: one, target: other, order: order, options: options, looksAtAll: looksAtAll)
        var steps: [Step] = []
        while let step = try await merge.next() { steps.append(Step(step)) }

        let expected = naive(source, target, order: order, options: options, looksAtAll: looksAtAll)
        #expect(steps == expected, "seed \(seed)")
        let shared = source.keys.filter { target[$0] != nil }.count
        let given = expected.filter { if case .both = $0 { true } else { false } }.count
        #expect(merge.same == shared - given, "seed \(seed)")
        #expect(merge.source.objects == source.count && merge.target.objects == target.count, "seed \(seed)")
        #expect(merge.source.bytes == source.values.reduce(0) { $0 + $1.size }, "seed \(seed)")
        #expect(merge.target.bytes == target.values.reduce(0) { $0 + $1.size }, "seed \(seed)")
        #expect(merge.source.isAtEnd && merge.target.isAtEnd)
        #expect(try await merge.next() == nil)
    }

    @Test("Both forms of é on one side are not the one form on the other")
    func twins() async throws {
        let composed = ObjectKey(bytes: [0xC3, 0xA9])
        let decomposed = ObjectKey(bytes: [0x65, 0xCC, 0x81])
        let source = MemoryPages([.init(decomposed), .init(composed)], size: 1)
        let target = MemoryPages([.init(composed)], size: 1)
        var one = ListingCursor(source, prefixLength: 0)
        var other = ListingCursor(target, prefixLength: 0)
        try await one.start()
        try await other.start()
        var merge = ListingMerge(
            source: one, target: other, order: .bytes, options: DecisionOptions(), looksAtAll: true)
        guard case .sourceOnly(let key, _)? = try await merge.next() else {
            Issue.record("The decomposed key was taken for the composed one.")
            return
        }
        #expect(key == decomposed)
        guard case .both(composed, _, _)? = try await merge.next() else {
            Issue.record("The composed key was not found on both sides.")
            return
        }
        #expect(try await merge.next() == nil)
    }

    @Test("A listing that breaks off is a failure, never an end")
    func failure() async throws {
        struct Broken: Error {}
        for breaksSource in [true, false] {
            let objects = [ListedObject("a"), ListedObject("b")]
            var one = ListingCursor(MemoryPages([objects], failure: breaksSource ? Broken() : nil), prefixLength: 0)
            var other = ListingCursor(MemoryPages([objects], failure: breaksSource ? nil : Broken()), prefixLength: 0)
            try await one.start()
            try await other.start()
            var merge = ListingMerge(
                source: one, target: other, order: .bytes, options: DecisionOptions(), looksAtAll: false)
            await #expect(throws: Broken.self) {
                while try await merge.next() != nil {}
            }
        }
    }
}
