public import ObjectModel
import Runtime

/// Ranges of keys that wait to be read: from each point to the next, and from the last to the end. Readers that find none
/// wait for what others give away of theirs, and all end together.
public final class RangeQueue: Sendable {
    public struct Range: Sendable, Hashable {
        /// Exclusive.
        public let after: ObjectKey
        /// Inclusive; nil for the end of the bucket.
        public let through: ObjectKey?
    }

    private struct State {
        /// The next one last.
        var waiting: [Range] = []
        /// How many there were in all, and how often one of them was cut.
        var count = 0
        var cuts = 0
        /// Pages that all readers read.
        var pages = 0
        var idle: [UInt64: CheckedContinuation<Range?, any Error>] = [:]
        var lastID: UInt64 = 0
        var isEnded = false
    }

    private let readers: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - points: ascending in bytes, at least one.
    ///   - readers: those that will call `next` until it answers nil, each of them.
    public init(_ points: [ObjectKey], readers: Int) {
        self.readers = readers
        add(points, through: nil)
    }

    /// Puts the ranges between `points`, and from the last one to `end`, in the queue.
    ///
    /// - Parameter end: of the range that was cut at the points.
    public func add(_ points: [ObjectKey], through end: ObjectKey?) {
        let ends = points.dropFirst().map(Optional.some) + [end]
        let ranges = zip(points, ends).map { Range(after: $0, through: $1) }
        let taken = state.withLock { state in
            state.count += ranges.count
            state.waiting = ranges.reversed() + state.waiting
            var taken: [(CheckedContinuation<Range?, any Error>, Range)] = []
            while let (id, reader) = state.idle.first, let range = state.waiting.popLast() {
                state.idle[id] = nil
                taken.append((reader, range))
            }
            return taken
        }
        for (reader, range) in taken { reader.resume(returning: range) }
    }

    /// Where two ranges meet, half a page is read twice: beyond so many only long ones are cut.
    private static let manyRanges = 24
    private static let pagesOfLong = 40
    /// Pages of a range that its reader keeps to itself before it gives some of the rest away.
    private static let pagesKept = 4
    /// Pages that make good for the requests that finding a cut takes.
    private static let pagesPerCut = 8

    /// Takes note of a page that was read. True where readers have nothing to do and its reader, if it may, should give some
    /// of its range away.
    ///
    /// - Parameter pages: that it read since its range began, or was cut.
    public func passPage(after pages: Int) -> Bool {
        state.withLock { state in
            state.pages += 1
            let kept = state.count < Self.manyRanges ? Self.pagesKept : Self.pagesOfLong
            guard pages >= kept, state.waiting.isEmpty, !state.idle.isEmpty,
                state.cuts * Self.pagesPerCut < state.pages
            else { return false }
            state.cuts += 1
            return true
        }
    }

    /// The next range; nil once no reader has any left, and after `end`.
    ///
    /// - Throws: `CancellationError` in a task that is cancelled: what it leaves is not read.
    public func next() async throws -> Range? {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                let (answer, others) = state.withLock { state in Self.take(reader, id, readers, &state) }
                if let answer { reader.resume(with: answer) }
                for other in others { other.resume(returning: nil) }
            }
        } onCancel: {
            state.withLock { $0.idle.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }

    /// Answers nil for a reader that has to wait.
    private static func take(
        _ reader: CheckedContinuation<Range?, any Error>, _ id: UInt64, _ readers: Int, _ state: inout State
    ) -> (Result<Range?, any Error>?, others: [CheckedContinuation<Range?, any Error>]) {
        if Task.isCancelled { return (.failure(CancellationError()), []) }
        if state.isEnded { return (.success(nil), []) }
        if let range = state.waiting.popLast() { return (.success(range), []) }
        guard state.idle.count + 1 < readers else {
            state.isEnded = true
            let others = Array(state.idle.values)
            state.idle = [:]
            return (.success(nil), others)
        }
        state.idle[id] = reader
        return (nil, [])
    }

    /// Whether no reader has anything to read any more, or `end` was called.
    public var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Lets all readers end, because one of them failed.
    public func end() {
        let idle = state.withLock { state in
            state.isEnded = true
            defer { state.idle = [:] }
            return Array(state.idle.values)
        }
        for reader in idle { reader.resume(returning: nil) }
    }
}
