public import ObjectModel
import Runtime

/// Ranges of keys that wait to be read: from each point to the next, and from the last to the end.
public final class RangeQueue: Sendable {
    public struct Range: Sendable, Hashable {
        public let after: ObjectKey
        /// Nil for the end of the bucket.
        public let through: ObjectKey?
    }

    private let waiting: Mutex<[Range]>

    /// `points` ascend in bytes; there is at least one.
    public init(_ points: [ObjectKey]) {
        let ends = points.dropFirst().map(Optional.some) + [nil]
        waiting = Mutex(zip(points, ends).map { Range(after: $0, through: $1) }.reversed())
    }

    public func next() -> Range? { waiting.withLock { $0.popLast() } }
}
