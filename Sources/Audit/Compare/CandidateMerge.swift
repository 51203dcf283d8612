import Listings
import ObjectModel
import Runtime
import Scratch
import Stores

/// A merge of one range of all listings that puts the keys aside which need a closer look.
struct CandidateMerge: RangeMerge {
    /// What all ranges of one pass share.
    struct Terms: Sendable {
        let run: AuditRun
        let order: KeyOrder
        let now: Timestamp
        /// Gives out every key.
        let looksAtAll: Bool
        /// Takes what waits for a look.
        let candidates: RangedSpill
        let tally: ListingTally
    }

    let terms: Terms
    /// The key that the range begins after.
    private let start: ObjectKey?
    private var merge: AuditMerge
    private var waiting: [[UInt8]] = []
    /// What filters left out at each place.
    private var excluded: [AuditMerge.Amount]
    /// Keys that are the same and were given out nevertheless, and what of all those that are the same was counted.
    private var givenOut = 0
    private var noted = 0
    private var lastFound: Int64?
    /// Candidates that are put aside together.
    private static let batch = 500

    private var options: AuditOptions { terms.run.options }

    init(_ pages: [(any PageReader)?], _ range: RangeQueue.Range, _ terms: Terms) async throws {
        try await self.init(pages, after: range.after, through: range.through, terms)
    }

    /// - Parameters:
    ///   - start: exclusive; nil for the first key.
    ///   - last: inclusive; nil for the end.
    init(
        _ pages: [(any PageReader)?], after start: ObjectKey?, through last: ObjectKey?, _ terms: Terms
    ) async throws {
        self.terms = terms
        self.start = start
        let places = terms.run.places
        excluded = places.map { _ in AuditMerge.Amount() }
        merge = AuditMerge(
            pages, prefixLengths: places.map { $0.store?.prefixLength ?? 0 },
            manifest: terms.run.manifest?.entries[...].range(after: start, through: last) ?? [], order: terms.order,
            looksAtAll: terms.looksAtAll, takesMissingForEmpty: terms.run.options.takesMissingForEmpty)
        shareFailures()
        try await merge.start()
    }

    var leader: Int? { merge.leader }
    var pages: Int { merge.pages }
    var passed: (last: ObjectKey, agreed: Int)? { merge.passed }

    mutating func bound(through last: ObjectKey) { merge.bound(through: last) }

    mutating func advance(until pages: Int) async throws -> Bool {
        while merge.pages < pages {
            shareFailures()
            // Page by page: so other ranges hear soon of a place that is out, and people how far this is.
            let limit = min(pages, merge.pages + 1)
            while let row = try await merge.next(stoppingAtPage: limit) {
                if Task.isCancelled { throw CancellationError() }
                try await take(row)
            }
            note()
            if merge.isAtEnd { return false }
        }
        return true
    }

    mutating func finish() async throws {
        try await putAside()
        shareFailures()
        note()
        terms.tally.add(
            zip(merge.amounts, excluded).map { listed, excluded in
                AuditMerge.Amount(objects: listed.objects - excluded.objects, bytes: listed.bytes - excluded.bytes)
            })
    }

    private mutating func take(_ row: AuditMerge.Row) async throws {
        guard options.filter.includes(row.key), isInScope(row) else {
            for (index, facts) in row.facts.enumerated() where facts != nil {
                excluded[index].objects += 1
                excluded[index].bytes += facts?.size ?? 0
            }
            return
        }
        if merge.comparesNothing, !terms.run.isPackage(row.key) { return }
        if row.isSame, !terms.run.needsLook(row.key) {
            givenOut += 1
            if !options.reportsIdentical { return }
        }
        if !row.isSame { lastFound = terms.run.time.now() }
        waiting.append(Candidate(row).record)
        if waiting.count == Self.batch { try await putAside() }
    }

    /// Age and storage class are those of the first place that has the key.
    private func isInScope(_ row: AuditMerge.Row) -> Bool {
        guard !options.filter.ignoresAttributes, let facts = row.facts.lazy.compactMap(\.self).first else {
            return true
        }
        return options.filter.includes(
            lastModified: facts.lastModified ?? terms.now, storageClass: facts.storageClass, now: terms.now)
    }

    private mutating func putAside() async throws {
        try await terms.candidates.append(waiting, after: start)
        waiting = []
    }

    private mutating func shareFailures() {
        for (index, failure) in terms.tally.share(merge.failures).enumerated() {
            if let failure { merge.fail(index, failure) }
        }
    }

    private mutating func note() {
        let same = merge.same + givenOut - noted
        noted += same
        terms.tally.add(same: same, lastFound: lastFound)
        terms.run.progressState.withLock { $0.listed += same }
    }
}
