import Journal
import Listings
import ObjectModel
import Runtime
import Scratch
import Stores

/// Reads a merge to its end and marks every key that differs; a long one in several ranges of keys at once.
struct ListingReader: Sendable {
    private let work: MirrorWork
    private let start: Timestamp
    private let extras: KeySpill
    /// Whether what differs was marked before, but for headers.
    private let marksHeadersOnly: Bool
    /// Whether changes are told meanwhile, which go first.
    private let isBackground: Bool
    /// Keys that wait for what the journal knows of them, so that it is asked for many at once.
    private static let batch = 1000
    /// Pages after which a listing counts as long: what finding the cuts costs is little beside it then. Where a round trip
    /// is what a page takes, that is soon.
    private static let longListing = 32
    private static let longDistantListing = 4
    /// Ranges that are read at once; more only where they wait most of the time, as each costs the memory of some pages.
    private static let lanes = 8
    private static let distantLanes = 24
    /// Nanoseconds a page from which on a server counts as distant.
    private static let distance: Int64 = 10_000_000

    /// The longest rest between two pages, in nanoseconds.
    private static let longestRest: Int64 = 50_000_000
    /// For how long, in nanoseconds, a change that was told makes more of them likely.
    private static let changeRecency: Int64 = 1_000_000_000

    init(_ work: MirrorWork, start: Timestamp, extras: KeySpill, marksHeadersOnly: Bool, isBackground: Bool) {
        self.work = work
        self.start = start
        self.extras = extras
        self.marksHeadersOnly = marksHeadersOnly
        self.isBackground = isBackground
    }

    /// - Parameter maySplit: whether both sides list in the order of bytes.
    func read(_ merge: ListingMerge, maySplit: Bool) async throws {
        var merge = merge
        var passage = Passage()
        guard maySplit else { return try await readAlone(&merge, &passage) }
        let began = work.time.now()
        var isLong = try await advance(&merge, &passage, until: Self.longDistantListing)
        let page = (work.time.now() - began) / Int64(Self.longDistantListing)
        let isDistant = work.options.distance == .measured ? page > Self.distance : work.options.distance == .distant
        // Beside changes, a server that is near is not to be asked for more than a page at a time.
        if isLong, !isDistant, isBackground, Self.rest(after: 1, sinceChange: sinceChange) > 0 {
            return try await readAlone(&merge, &passage)
        }
        if isLong, !isDistant { isLong = try await advance(&merge, &passage, until: Self.longListing) }
        guard isLong else { return try await finish(merge, &passage) }
        // A server that is busy with one listing is no faster with many, and seeks long for each cut.
        let isBusy =
            isDistant && work.options.distance == .measured ? try await !answersManyAtOnce(in: merge) : false
        guard !isBusy, let points = try await points(in: merge, isDistant: isDistant), points.count > 1 else {
            return try await readAlone(&merge, &passage)
        }
        merge.bound(through: points[0])
        // What starting took is over, and the pages of many readers are to come.
        work.surroundings.giveBackMemory()
        let lanes = isDistant ? Self.distantLanes : Self.lanes
        let ranges = RangeQueue(points, readers: lanes)
        let (options, looksAtAll) = (merge.options, merge.looksAtAll)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 1..<lanes {
                group.addTask { try await readRanges(ranges, options, looksAtAll, isDistant: isDistant) }
            }
            try await readRange(&merge, &passage, through: points[0], isDistant ? ranges : nil)
            try await readRanges(ranges, options, looksAtAll, isDistant: isDistant)
            // The first error ends the others.
            for try await _ in group {}
        }
    }

    /// Reads what is left of a merge in one stream.
    ///
    /// Changes that are told meanwhile need the same servers and the same processors, and they are what somebody waits for:
    /// after each page it rests for as long as the page took, as long as there are any.
    private func readAlone(_ merge: inout ListingMerge, _ passage: inout Passage) async throws {
        var began = work.time.now()
        while try await advance(&merge, &passage, until: isBackground ? merge.source.pages + 1 : .max) {
            let ended = work.time.now()
            let rest = Self.rest(after: ended - began, sinceChange: sinceChange)
            if isBackground, rest > 0 { await work.time.sleep(for: .nanoseconds(rest)) }
            began = work.time.now()
        }
        try await finish(merge, &passage)
    }

    /// Nanoseconds since the last change was told.
    private var sinceChange: Int64 { work.time.now() - work.dirty.lastOffer }

    /// How long to rest after a page that took `page`, where the last change was told `sinceChange` ago; all in nanoseconds.
    static func rest(after page: Int64, sinceChange: Int64) -> Int64 {
        sinceChange < changeRecency ? min(max(0, page), longestRest) : 0
    }

    /// Where what is left of a merge can be cut; nil also where the server did not answer: a listing that is not cut is
    /// slow, not wrong.
    private func points(
        in merge: ListingMerge, through end: ObjectKey? = nil, isDistant: Bool, levels: Int = 3
    ) async throws -> [ObjectKey]? {
        guard let (last, agreed) = merge.passed else { return nil }
        do {
            return try await RangeSplitter(work.source, work.time).points(
                after: last, agreed: agreed, through: end, isDistant: isDistant, levels: levels)
        } catch is StoreError {
            if Task.isCancelled { throw CancellationError() }
            return nil
        }
    }

    /// Whether the source answers many short requests at once as quickly as one.
    private func answersManyAtOnce(in merge: ListingMerge) async throws -> Bool {
        guard let (last, _) = merge.passed else { return false }
        do {
            let splitter = RangeSplitter(work.source, work.time)
            // The first time some of them may have had to wait for their connection.
            if try await splitter.answersManyAtOnce(after: last) { return true }
            return try await splitter.answersManyAtOnce(after: last)
        } catch is StoreError {
            if Task.isCancelled { throw CancellationError() }
            return false
        }
    }

    /// Takes ranges until none is left.
    private func readRanges(
        _ ranges: RangeQueue, _ options: DecisionOptions, _ looksAtAll: Bool, isDistant: Bool
    ) async throws {
        do {
            while let range = try await ranges.next() {
                var source = cursor(work.source, side: 0, range)
                var target = cursor(work.target, side: 1, range)
                try await source.start()
                try await target.start()
                var merge = ListingMerge(
                    source: source, target: target, order: .bytes, options: options, looksAtAll: looksAtAll)
                var passage = Passage()
                try await readRange(&merge, &passage, through: range.through, isDistant ? ranges : nil)
            }
        } catch {
            ranges.end()
            throw error
        }
    }

    /// Reads one range to its end, or to where the others take over.
    ///
    /// - Parameter ranges: where others wait for a part of it; nil to keep it whole.
    private func readRange(
        _ merge: inout ListingMerge, _ passage: inout Passage, through end: ObjectKey?, _ ranges: RangeQueue?
    ) async throws {
        var end = end
        var cut = merge.source.pages
        while try await advance(&merge, &passage, until: ranges == nil ? .max : merge.source.pages + 1) {
            guard let ranges else { continue }
            // Another reader failed, and its error ends all of this.
            if ranges.isEnded { return }
            guard ranges.passPage(after: merge.source.pages - cut) else { continue }
            cut = merge.source.pages
            let points = try await points(in: merge, through: end, isDistant: true, levels: 1)
            guard let points, !points.isEmpty else { continue }
            // A third for each of two others.
            let cuts =
                points.count < 3
                ? [points[points.count / 2]] : [points[points.count / 3], points[points.count * 2 / 3]]
            merge.bound(through: cuts[0])
            ranges.add(cuts, through: end)
            end = cuts[0]
        }
        try await finish(merge, &passage)
    }

    private func cursor(_ store: any ObjectStore, side: Int, _ range: RangeQueue.Range) -> ListingCursor {
        let pages = store.listing(after: range.after, through: range.through)
        return ListingCursor(
            OrderedPages(
                pages, store: store.name, side: side, order: .bytes, after: store.fullKey(range.after)),
            prefixLength: store.prefixLength)
    }

    // MARK: One merge

    /// What of a merge waits to be passed on, and what was counted of it already.
    private struct Passage {
        var questions: [(ObjectKey, ObjectState, ObjectState)] = []
        var extras: [Extra] = []
        /// What the filter left out, which the summary does not count.
        var excluded = ListingCount()
        var noted = ListingCount()
    }

    /// Goes on until the source has read `pages` pages; false once the merge has ended.
    private func advance(_ merge: inout ListingMerge, _ passage: inout Passage, until pages: Int) async throws -> Bool {
        while merge.source.pages < pages {
            guard let step = try await merge.next(stoppingAtPage: pages) else { return !merge.isAtEnd }
            if Task.isCancelled { throw CancellationError() }
            switch step {
            case .sourceOnly(let key, let state):
                guard isInScope(key, state) else {
                    passage.excluded.source.add(state.size)
                    continue
                }
                guard !marksHeadersOnly else { continue }
                await work.mark(Job(key: key, source: state, decision: .copy(.missing)))
            case .targetOnly(let key, let state):
                guard work.isInScope(key) else {
                    passage.excluded.target.add(state.size)
                    continue
                }
                passage.extras.append(Extra(key: key, size: state.size))
            case .both(let key, let left, let right):
                guard isInScope(key, left) else {
                    passage.excluded.source.add(left.size)
                    passage.excluded.target.add(right.size)
                    continue
                }
                passage.questions.append((key, left, right))
            }
            if passage.questions.count + passage.extras.count >= Self.batch { try await passOn(merge, &passage) }
        }
        try await passOn(merge, &passage)
        return true
    }

    private func finish(_ merge: ListingMerge, _ passage: inout Passage) async throws {
        try await passOn(merge, &passage)
    }

    private func passOn(_ merge: ListingMerge, _ passage: inout Passage) async throws {
        await answer(passage.questions)
        passage.questions = []
        if !passage.extras.isEmpty { try await extras.append(passage.extras.map(\.spilled)) }
        passage.extras = []
        var count = merge.count
        count.subtract(passage.excluded)
        var change = count
        change.subtract(passage.noted)
        passage.noted = count
        work.note(change)
    }

    private func isInScope(_ key: ObjectKey, _ state: ObjectState) -> Bool {
        work.options.filter.includes(key) && work.isInScope(state, now: start)
    }

    private func answer(_ questions: [(ObjectKey, ObjectState, ObjectState)]) async {
        guard !questions.isEmpty else { return }
        let pairs = await work.journal.pairs(for: questions.map(\.0))
        for ((key, source, target), pair) in zip(questions, pairs) {
            let decision = Decision.decide(
                source: source, target: target, provenPair: pair, options: work.decisionOptions)
            if decision == .same {
                work.noteSame(key, source)
            } else if decision == .compareHeaders || !marksHeadersOnly {
                await work.mark(Job(key: key, source: source, target: target, decision: decision))
            }
        }
    }
}

/// What a merge has read.
struct ListingCount {
    var source = Amount()
    var target = Amount()
    /// Keys that the listings alone show to be the same.
    var same = 0

    mutating func subtract(_ other: ListingCount) {
        source.objects -= other.source.objects
        source.bytes -= other.source.bytes
        target.objects -= other.target.objects
        target.bytes -= other.target.bytes
        same -= other.same
    }
}
