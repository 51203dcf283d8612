public import ObjectModel
public import Runtime
public import Stores

/// Finds keys at which the rest of a long listing can be cut, so that its parts are listed at the same time.
///
/// S3 tells the first key after a given one. Climbing from a key that was just listed, one probe a level says how far up
/// the tree of prefixes the bucket goes on; walking the branches of that level, one probe a branch, gives the cuts. So
/// a flat bucket of counted names splits as well as one of folders, at the cost of some tens of requests of one key.
///
/// A server may turn out to list by path, which shows only where somebody reads from a folder on to the names beside it
/// that go on with a byte before `/`. A cut among those names would hide it, and lose keys; so cuts are made only before
/// `/` and later bytes, and below a beginning that all sides have read a key of: whoever came to it has read the folder.
public struct RangeSplitter: Sendable {
    private let store: any ReadableStore
    private let time: any Time
    /// Levels that are tried, and branches that are walked at most.
    private static let levels = 32
    private static let branches = 64
    /// Points that need no more levels.
    private static let enough = 6
    /// Levels that are asked about at the same time.
    private static let probes = 8

    public init(_ store: any ReadableStore, _ time: any Time) {
        self.store = store
        self.time = time
    }

    /// Whether the server answers several requests at once nearly as quickly as one, as it does where they spend their time
    /// on the way, and not where it works at them one after the other.
    public func answersManyAtOnce(after last: ObjectKey) async throws -> Bool {
        let began = time.now()
        return try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<Self.probes {
                group.addTask {
                    _ = try await store.firstKey(after: last)
                    return time.now() - began
                }
            }
            var times: [Int64] = []
            for try await time in group { times.append(time) }
            return times.max() ?? 0 < (times.min() ?? 0) * 2
        }
    }

    /// Ascending keys after `last`, the last one listed so far; nil or few where the rest is short or does not split.
    ///
    /// - Parameters:
    ///   - agreed: bytes at the beginning of `last` that the last keys listed by all sides share.
    ///   - end: the last key of the range that is to be cut; nil for the end of the bucket. Points come before it.
    ///   - isDistant: whether a round trip takes so long that it is better to ask for all branches at once, most of which
    ///     are none, than for one after the other.
    ///   - levels: of the tree whose branches are walked, where the first ones have few.
    public func points(
        after last: ObjectKey, agreed: Int, through end: ObjectKey? = nil, isDistant: Bool = false, levels: Int = 3
    ) async throws -> [ObjectKey]? {
        guard let top = try await topLevel(last, agreed, end) else { return nil }
        var points: [ObjectKey] = []
        // Where the top level has few branches left, the next ones below `last` have more: they come before.
        for level in top..<min(top + levels, last.bytes.count, agreed + 1) where points.count < Self.enough {
            let stem = Array(last.bytes[..<level])
            let found =
                isDistant
                ? try await allBranches(stem, after: last.bytes[level])
                : try await branches(stem, after: last.bytes[level])
            points = found + points
        }
        points = points.filter { point in end.map { point < $0 } ?? true }
        return try await refined(points, through: end, like: last, level: top)
    }

    /// Where the keys that begin with `stem` and go on with a greater byte than `branch` branch off, one after the other.
    private func branches(_ stem: [UInt8], after branch: UInt8) async throws -> [ObjectKey] {
        var points: [ObjectKey] = []
        var branch = branch
        while points.count < Self.branches, let next = Self.successor(branch),
            let found = try await firstBranch(stem, from: next)
        {
            points.append(ObjectKey(bytes: stem + [found]))
            branch = found
        }
        return points
    }

    /// The same in the time of few round trips, where names go on as they began: with digits, or with letters.
    private func allBranches(_ stem: [UInt8], after branch: UInt8) async throws -> [ObjectKey] {
        let kinds: [ClosedRange<UInt8>] = [0x30...0x39, 0x41...0x5A, 0x61...0x7A]
        guard let kind = kinds.first(where: { $0.contains(branch) }), branch < kind.upperBound else {
            return try await branches(stem, after: branch)
        }
        let found = try await withThrowingTaskGroup(of: UInt8?.self) { group in
            for next in branch + 1...kind.upperBound { group.addTask { try await firstBranch(stem, from: next) } }
            return try await group.reduce(into: Set<UInt8>()) { found, branch in
                if let branch { found.insert(branch) }
            }
        }
        let points = found.sorted().map { ObjectKey(bytes: stem + [$0]) }
        return points + (try await branches(stem, after: max(kind.upperBound, found.max() ?? 0)))
    }

    /// The byte after `stem` of the first key that has `next` or a greater one there; nil where there is none.
    private func firstBranch(_ stem: [UInt8], from next: UInt8) async throws -> UInt8? {
        let point = ObjectKey(bytes: stem + [next])
        guard let found = try await store.firstKey(after: point), found.bytes.starts(with: stem),
            found.bytes.count > stem.count, found.bytes[stem.count] < 0x7F, found.bytes[stem.count] >= next
        else { return nil }
        return found.bytes[stem.count]
    }

    /// The smallest offset in `last` past which the bucket has keys that branch off there.
    ///
    /// What comes after a longer part of the key is the more, so that a few levels at a time narrow it down.
    private func topLevel(_ last: ObjectKey, _ agreed: Int, _ end: ObjectKey?) async throws -> Int? {
        let text = last.bytes.prefix { $0 < 0x7F }.prefix(Self.levels)
        let levels = text.indices.filter { $0 <= agreed && Self.successor(text[$0]) != nil }
        var (low, high) = (levels.startIndex, levels.endIndex)
        while low < high {
            let step = (high - low + Self.probes) / (Self.probes + 1)
            let asked = Array(stride(from: low + step - 1, to: high, by: step))
            let goesOn = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
                for index in asked {
                    let level = levels[index]
                    guard let next = Self.successor(text[level]) else { continue }
                    let point = ObjectKey(bytes: Array(text[..<level]) + [next])
                    group.addTask {
                        guard let found = try await store.firstKey(after: point) else { return (index, false) }
                        return (index, end.map { found <= $0 } ?? true)
                    }
                }
                return try await group.reduce(into: Set<Int>()) { found, answer in
                    if answer.1 { found.insert(answer.0) }
                }
            }
            let first = asked.first(where: goesOn.contains)
            low = asked.last { $0 < first ?? high }.map { $0 + 1 } ?? low
            high = first ?? high
        }
        return high < levels.endIndex ? levels[high] : nil
    }

    /// The next printable ASCII byte that a cut may be made before; probes stay valid UTF-8.
    private static func successor(_ byte: UInt8) -> UInt8? {
        byte < 0x7E ? max(byte + 1, UInt8(ascii: "/")) : nil
    }

    /// With few branches each is cut once more in the middle of what such names are made of, digits or letters, where there
    /// are keys behind it: a part without any would cost a page a side to find that out.
    private func refined(
        _ points: [ObjectKey], through end: ObjectKey?, like last: ObjectKey, level: Int
    ) async throws -> [ObjectKey] {
        guard !points.isEmpty, points.count < 16, last.bytes.count > level + 1 else { return points }
        let sample = last.bytes[level + 1]
        let middle: UInt8 = (0x30...0x39).contains(sample) ? UInt8(ascii: "5") : UInt8(ascii: "m")
        return try await withThrowingTaskGroup(of: ObjectKey?.self) { group in
            for (point, next) in zip(points, points.dropFirst().map(Optional.some) + [end]) {
                let half = ObjectKey(bytes: point.bytes + [middle])
                group.addTask {
                    guard let found = try await store.firstKey(after: half) else { return nil }
                    return next.map { found <= $0 } ?? true ? half : nil
                }
            }
            return try await group.reduce(into: points) { points, half in
                if let half { points.append(half) }
            }.sorted()
        }
    }
}
