public import ObjectModel
import S3
public import Stores

/// Finds keys at which the rest of a long listing can be cut, so that its parts are listed at the same time.
///
/// S3 tells the first key after a given one. Climbing from a key that was just listed, one probe a level says how far up
/// the tree of prefixes the bucket goes on; walking the branches of that level, one probe a branch, gives the cuts. So
/// a flat bucket of counted names splits as well as one of folders, at the cost of some tens of requests of one key.
public struct RangeSplitter: Sendable {
    private let store: any ReadableStore
    /// Levels that are tried, and branches that are walked at most.
    private static let levels = 32
    private static let branches = 64
    /// Points that need no more levels, and levels that are walked at most.
    private static let enough = 6
    private static let depth = 3

    public init(_ store: any ReadableStore) {
        self.store = store
    }

    /// Ascending keys after `last`, the last one listed so far; nil or few where the rest is short or does not split.
    public func points(after last: ObjectKey) async throws -> [ObjectKey]? {
        guard let top = try await topLevel(last) else { return nil }
        var points: [ObjectKey] = []
        // Where the top level has few branches left, the next ones below `last` have more: they come before.
        for level in top..<min(top + Self.depth, last.bytes.count) where points.count < Self.enough {
            points = try await branches(of: last, at: level) + points
        }
        return Self.refined(points, like: last, level: top)
    }

    /// Where the keys after `last` that share its first `level` bytes branch off.
    private func branches(of last: ObjectKey, at level: Int) async throws -> [ObjectKey] {
        let stem = Array(last.bytes[..<level])
        var points: [ObjectKey] = []
        var branch = last.bytes[level]
        while points.count < Self.branches, let next = Self.successor(branch) {
            let point = ObjectKey(bytes: stem + [next])
            guard let found = try await store.firstKey(after: point), found.bytes.starts(with: stem),
                found.bytes.count > level, found.bytes[level] < 0x7F, found.bytes[level] >= next
            else { break }
            points.append(ObjectKey(bytes: stem + [found.bytes[level]]))
            branch = found.bytes[level]
        }
        return points
    }

    /// The smallest offset in `last` past which the bucket has keys that branch off there.
    private func topLevel(_ last: ObjectKey) async throws -> Int? {
        let text = last.bytes.prefix { $0 < 0x7F }.prefix(Self.levels)
        return try await withThrowingTaskGroup(of: Int?.self) { group in
            for level in text.indices {
                guard let next = Self.successor(text[level]) else { continue }
                let point = ObjectKey(bytes: Array(text[..<level]) + [next])
                group.addTask { try await store.firstKey(after: point) == nil ? nil : level }
            }
            var top: Int?
            for try await level in group {
                if let level { top = min(top ?? level, level) }
            }
            return top
        }
    }

    /// The next printable ASCII byte; probes stay valid UTF-8.
    private static func successor(_ byte: UInt8) -> UInt8? {
        byte < 0x7E ? byte + 1 : nil
    }

    /// With few branches each is cut once more in the middle of what such names are made of: digits or letters. A cut
    /// that leaves a part empty costs one request a side.
    static func refined(_ points: [ObjectKey], like last: ObjectKey, level: Int) -> [ObjectKey] {
        guard !points.isEmpty, points.count < 16, last.bytes.count > level + 1 else { return points }
        let sample = last.bytes[level + 1]
        let middle: UInt8 = (0x30...0x39).contains(sample) ? UInt8(ascii: "5") : UInt8(ascii: "m")
        return points.flatMap { [$0, ObjectKey(bytes: $0.bytes + [middle])] }
    }
}
