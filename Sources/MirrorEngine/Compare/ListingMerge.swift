package import Listings
package import ObjectModel
import Stores

/// Where the two listings differ, or may.
package enum MergeStep {
    case sourceOnly(ObjectKey, ObjectState)
    case targetOnly(ObjectKey, ObjectState)
    /// Present on both sides and not plainly the same.
    case both(ObjectKey, ObjectState, ObjectState)
}

/// A streaming merge of two listings in the same order: constant memory, and nothing allocated for keys that are the
/// same on both sides.
///
/// A wrong order can make it report differences that are none, never hide one that a later look at both sides would
/// contradict: every step is looked at again before anything is changed.
package struct ListingMerge {
    var source: ListingCursor
    var target: ListingCursor
    let order: KeyOrder
    let options: DecisionOptions
    /// Keys that are the same on both sides, by listing alone.
    package private(set) var same = 0
    /// Gives out every key, because a filter or a report wants to see it.
    let looksAtAll: Bool

    package init(
        source: ListingCursor, target: ListingCursor, order: KeyOrder, options: DecisionOptions, looksAtAll: Bool
    ) {
        self.source = source
        self.target = target
        self.order = order
        self.options = options
        self.looksAtAll = looksAtAll
    }

    var isAtEnd: Bool { source.isAtEnd && target.isAtEnd }

    /// The last key that either side's present page reaches, and how many bytes it shares with the other side's; nil where
    /// one side has ended, and its rest is short.
    var passed: (last: ObjectKey, agreed: Int)? {
        guard let left = source.pageEnd, let right = target.pageEnd else { return nil }
        return (max(left, right), zip(left.bytes, right.bytes).prefix { $0 == $1 }.count)
    }

    /// Lets both sides end with `last`, which must be after the last one `passed`.
    func bound(through last: ObjectKey) {
        source.bound(through: last)
        target.bound(through: last)
    }

    /// What was read of both sides so far.
    var count: ListingCount {
        var count = ListingCount()
        count.source.objects = source.objects
        count.source.bytes = source.bytes
        count.target.objects = target.objects
        count.target.bytes = target.bytes
        count.same = same
        return count
    }

    /// The next key that is not plainly the same; nil at the end of both, or once the source has read `pages` pages.
    package mutating func next(stoppingAtPage pages: Int = .max) async throws -> MergeStep? {
        while true {
            if source.pages >= pages { return nil }
            guard let left = source.page else {
                guard let right = target.page else { return nil }
                let step = MergeStep.targetOnly(target.key(of: right), right.state(at: target.index))
                try await target.advance()
                return step
            }
            guard let right = target.page else {
                let step = MergeStep.sourceOnly(source.key(of: left), left.state(at: source.index))
                try await source.advance()
                return step
            }
            passPlainlySame(left, right)
            let difference = compareKeys(left, at: source.index, right, at: target.index)
            if difference < 0 {
                let step = MergeStep.sourceOnly(source.key(of: left), left.state(at: source.index))
                try await source.advance()
                return step
            }
            if difference > 0 {
                let step = MergeStep.targetOnly(target.key(of: right), right.state(at: target.index))
                try await target.advance()
                return step
            }
            var step: MergeStep?
            if isPlainlySame(left, at: source.index, right, at: target.index) {
                same += 1
            } else {
                step = .both(
                    source.key(of: left), left.state(at: source.index), right.state(at: target.index))
            }
            if !source.advanceWithinPage() { try await source.advance() }
            if !target.advanceWithinPage() { try await target.advance() }
            if let step { return step }
        }
    }

    /// Passes keys that are plainly the same, as long as both pages go on behind them: what a second run does with
    /// nearly all of its keys, so the cursors are moved once for all of them.
    private mutating func passPlainlySame(_ left: ListingPage, _ right: ListingPage) {
        if looksAtAll || options.checksHeaders { return }
        let (first, otherFirst) = (source.index, target.index)
        let room = min(left.count - first, right.count - otherFirst) - 1
        var passed = 0
        while passed < room, compareKeys(left, at: first + passed, right, at: otherFirst + passed) == 0,
            isPlainlySame(left, at: first + passed, right, at: otherFirst + passed)
        { passed += 1 }
        source.advanceWithinPage(by: passed)
        target.advanceWithinPage(by: passed)
        same += passed
    }

    private func compareKeys(
        _ left: ListingPage, at index: Int, _ right: ListingPage, at otherIndex: Int
    ) -> Int {
        left.compareKey(
            at: index, with: right, at: otherIndex, order: order, droppingLeft: source.prefixLength,
            droppingRight: target.prefixLength)
    }

    /// The row of the truth table that nearly all keys of a second run meet, without building anything.
    private func isPlainlySame(
        _ left: ListingPage, at index: Int, _ right: ListingPage, at otherIndex: Int
    ) -> Bool {
        guard !looksAtAll, !options.checksHeaders, left.isSameSizeAndDigest(at: index, right, at: otherIndex) else {
            return false
        }
        let modified = left.lastModified(at: index)
        if let doubtful = options.headersDoubtfulFrom, modified.isVisiblyLater(than: doubtful) { return false }
        return !Timestamp(milliseconds: modified.milliseconds - options.clockSkew)
            .isVisiblyLater(than: right.lastModified(at: otherIndex))
    }
}
