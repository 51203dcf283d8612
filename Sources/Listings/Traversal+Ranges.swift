import ObjectModel
import Runtime
import Stores

/// Long listings, in several ranges of keys at once.
extension Traversal {
    /// Pages after which a listing counts as long: what finding the cuts costs is little beside it then. Where a round trip
    /// is what a page takes, that is soon.
    private static let longListing = 32
    private static let longDistantListing = 4
    /// Ranges that are read at once; more only where they wait most of the time, as each costs the memory of some pages.
    private static let lanes = 8
    private static let distantLanes = 24
    /// Nanoseconds a page from which on a server counts as distant.
    private static let pageOfDistant: Int64 = 10_000_000

    private var time: any Time { surroundings.time }

    /// Reads a merge of whole listings to its end.
    ///
    /// - Parameter maySplit: whether all sides list in the order of bytes.
    func readAll<Merge: RangeMerge>(_ merge: inout Merge, maySplit: Bool) async throws {
        guard maySplit else { return try await readAlone(&merge) }
        let began = time.now()
        var isLong = try await merge.advance(until: Self.longDistantListing)
        let page = (time.now() - began) / Int64(Self.longDistantListing)
        let isDistant = distance == .measured ? page > Self.pageOfDistant : distance == .distant
        // Beside changes, a server that is near is not to be asked for more than a page at a time.
        if isLong, !isDistant, let rest = pace.rest, rest(1) > 0 { return try await readAlone(&merge) }
        if isLong, !isDistant { isLong = try await merge.advance(until: Self.longListing) }
        guard isLong else { return try await merge.finish() }
        // A server that is busy with one listing is no faster with many, and seeks long for each cut.
        let isBusy = isDistant && distance == .measured ? try await !answersManyAtOnce(in: merge) : false
        guard !isBusy, let points = try await points(in: merge, isDistant: isDistant), points.count > 1 else {
            return try await readAlone(&merge)
        }
        merge.bound(through: points[0])
        // What starting took is over, and the pages of many readers are to come.
        surroundings.giveBackMemory()
        let lanes = isDistant ? Self.distantLanes : Self.lanes
        let ranges = RangeQueue(points, readers: lanes)
        let terms = merge.terms
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 1..<lanes {
                group.addTask { try await readRanges(of: Merge.self, ranges, terms, isDistant: isDistant) }
            }
            try await readRange(&merge, through: points[0], isDistant ? ranges : nil)
            try await readRanges(of: Merge.self, ranges, terms, isDistant: isDistant)
            // The first error ends the others.
            for try await _ in group {}
        }
    }

    /// Reads what is left of a merge in one stream.
    ///
    /// Changes that are told meanwhile need the same servers and the same processors, and they are what somebody waits for:
    /// after each page it rests as long as the pace says.
    private func readAlone<Merge: RangeMerge>(_ merge: inout Merge) async throws {
        var began = time.now()
        while try await merge.advance(until: pace.rest == nil ? .max : merge.pages + 1) {
            let rest = pace.rest?(time.now() - began) ?? 0
            if rest > 0 { await time.sleep(for: .nanoseconds(rest)) }
            began = time.now()
        }
        try await merge.finish()
    }

    /// Where what is left of a merge can be cut; nil also where the server did not answer: a listing that is not cut is
    /// slow, not wrong.
    private func points<Merge: RangeMerge>(
        in merge: Merge, through end: ObjectKey? = nil, isDistant: Bool, levels: Int = 3
    ) async throws -> [ObjectKey]? {
        guard let (last, agreed) = merge.passed, let store = store(leading: merge) else { return nil }
        do {
            return try await RangeSplitter(store, time).points(
                after: last, agreed: agreed, through: end, isDistant: isDistant, levels: levels)
        } catch is StoreError {
            if Task.isCancelled { throw CancellationError() }
            return nil
        }
    }

    /// Whether the server answers many short requests at once as quickly as one.
    private func answersManyAtOnce<Merge: RangeMerge>(in merge: Merge) async throws -> Bool {
        guard let (last, _) = merge.passed, let store = store(leading: merge) else { return false }
        do {
            let splitter = RangeSplitter(store, time)
            // The first time some of them may have had to wait for their connection.
            if try await splitter.answersManyAtOnce(after: last) { return true }
            return try await splitter.answersManyAtOnce(after: last)
        } catch is StoreError {
            if Task.isCancelled { throw CancellationError() }
            return false
        }
    }

    private func store<Merge: RangeMerge>(leading merge: Merge) -> (any ReadableStore)? {
        merge.leader.flatMap { sides[$0].store }
    }

    /// Takes ranges until none is left.
    private func readRanges<Merge: RangeMerge>(
        of _: Merge.Type, _ ranges: RangeQueue, _ terms: Merge.Terms, isDistant: Bool
    ) async throws {
        do {
            while let range = try await ranges.next() {
                var merge = try await Merge(pages(in: range), range, terms)
                try await readRange(&merge, through: range.through, isDistant ? ranges : nil)
            }
        } catch {
            ranges.end()
            throw error
        }
    }

    /// Reads one range to its end, or to where the others take over.
    ///
    /// - Parameter ranges: where others wait for a part of it; nil to keep it whole.
    private func readRange<Merge: RangeMerge>(
        _ merge: inout Merge, through end: ObjectKey?, _ ranges: RangeQueue?
    ) async throws {
        var end = end
        var cut = merge.pages
        while try await merge.advance(until: ranges == nil ? .max : merge.pages + 1) {
            guard let ranges else { continue }
            // Another reader failed, and its error ends all of this.
            if ranges.isEnded { return }
            guard ranges.passPage(after: merge.pages - cut) else { continue }
            cut = merge.pages
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
        try await merge.finish()
    }
}
