import Journal
import Listings
import ObjectModel
import Runtime
import Scratch
import Stores

/// A merge of one range of both listings that marks every key which differs. Side 0 is the source, side 1 the target.
struct MarkingMerge: RangeMerge {
    /// What all ranges share.
    struct Terms: Sendable {
        let work: MirrorWork
        /// Now, by the clock of this machine.
        let start: Timestamp
        /// Takes the keys that only the target has.
        let extras: KeySpill
        /// Whether what differs was marked before, but for headers.
        let marksHeadersOnly: Bool
        let options: DecisionOptions
        let order: KeyOrder

        func isInScope(_ key: ObjectKey, _ state: ObjectState) -> Bool {
            work.isInScope(key) && work.isInScope(state, now: start)
        }
    }

    let terms: Terms
    private var merge: ListingMerge
    /// Keys that wait for what the journal knows of them.
    private var questions: [(ObjectKey, ObjectState, ObjectState)] = []
    private var extras: [Extra] = []
    /// What the filter left out, which the summary does not count.
    private var excluded = ListingCount()
    /// What was counted already.
    private var noted = ListingCount()
    /// Keys that are passed on together, so that the journal is asked for many at once.
    private static let batch = 1000

    private var work: MirrorWork { terms.work }

    /// Both cursors have been started.
    init(source: ListingCursor, target: ListingCursor, _ terms: Terms) {
        self.terms = terms
        let options = terms.work.options
        merge = ListingMerge(
            source: source, target: target, order: terms.order, options: terms.options,
            looksAtAll: options.reportsSame || !options.filter.isEverything)
    }

    init(_ pages: [(any PageReader)?], _ range: RangeQueue.Range, _ terms: Terms) async throws {
        guard pages.count == 2, let left = pages[0], let right = pages[1] else {
            preconditionFailure("a mirror reads two listings")
        }
        var source = ListingCursor(left, prefixLength: terms.work.source.prefixLength)
        var target = ListingCursor(right, prefixLength: terms.work.target.prefixLength)
        try await source.start()
        try await target.start()
        self.init(source: source, target: target, terms)
    }

    var leader: Int? { 0 }
    var pages: Int { merge.source.pages }
    var passed: (last: ObjectKey, agreed: Int)? { merge.passed }

    mutating func bound(through last: ObjectKey) { merge.bound(through: last) }

    mutating func advance(until pages: Int) async throws -> Bool {
        while merge.source.pages < pages {
            guard let step = try await merge.next(stoppingAtPage: pages) else { return !merge.isAtEnd }
            if Task.isCancelled { throw CancellationError() }
            switch step {
            case .sourceOnly(let key, let state):
                guard terms.isInScope(key, state) else {
                    excluded.source.add(state.size)
                    continue
                }
                guard !terms.marksHeadersOnly else { continue }
                await work.mark(Job(key: key, source: state, decision: .copy(.missing)))
            case .targetOnly(let key, let state):
                guard work.isInScope(key) else {
                    excluded.target.add(state.size)
                    continue
                }
                extras.append(Extra(key: key, size: state.size))
            case .both(let key, let left, let right):
                guard terms.isInScope(key, left) else {
                    excluded.source.add(left.size)
                    excluded.target.add(right.size)
                    continue
                }
                questions.append((key, left, right))
            }
            if questions.count + extras.count >= Self.batch { try await passOn() }
        }
        try await passOn()
        return true
    }

    mutating func finish() async throws { try await passOn() }

    private mutating func passOn() async throws {
        await answer()
        if !extras.isEmpty { try await terms.extras.append(extras.map(\.spilled)) }
        extras = []
        var count = merge.count
        count.subtract(excluded)
        var change = count
        change.subtract(noted)
        noted = count
        work.note(change)
    }

    private mutating func answer() async {
        guard !questions.isEmpty else { return }
        let pairs = await work.journal.pairs(for: questions.map(\.0))
        for ((key, source, target), pair) in zip(questions, pairs) {
            let decision = Decision.decide(
                source: source, target: target, provenPair: pair, options: work.decisionOptions)
            if decision == .same {
                work.noteSame(key, source)
            } else if decision == .compareHeaders || !terms.marksHeadersOnly {
                await work.mark(Job(key: key, source: source, target: target, decision: decision))
            }
        }
        questions = []
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
