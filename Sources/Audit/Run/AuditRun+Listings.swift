import Listings
import ObjectModel
import Runtime
import Scratch
import Stores

/// The first pass: all listings side by side, to their ends.
extension AuditRun {
    /// What the listings left to be looked at.
    struct Listed {
        var candidates: RangedSpill
        var isCounted: [Bool]
        /// When the last key was found that differs, in monotonic nanoseconds.
        var lastFound: Int64?
    }

    func listWhole(_ summary: inout AuditSummary) async throws -> Listed {
        do {
            return try await list(&summary)
        } catch {
            if Task.isCancelled { summary.noteInterrupt() }
            throw error
        }
    }

    private func list(_ summary: inout AuditSummary) async throws -> Listed {
        let sides = places.map { Traversal.Side(name: $0.name, store: $0.store) }
        let traversal = Traversal(sides, distance: options.distance, surroundings)
        var terms = freshTerms()
        try await traversal.read(orders: Array(repeating: .bytes, count: places.count)) { disorder, order in
            if order == nil { observer(.notice("\(disorder.sentence) It is sorted in a temporary table.")) }
        } begin: { pages, order in
            // What a listing told before it turned out to be in another order is told again.
            terms = freshTerms(order)
            return try await CandidateMerge(pages, after: nil, through: nil, terms)
        }
        let tally = terms.tally.total
        summary.compared = tally.same
        summary.identical = tally.same
        for index in places.indices {
            summary.places[index].objects = tally.amounts[index].objects
            summary.places[index].bytes = tally.amounts[index].bytes
            summary.places[index].error = tally.failures[index]
            guard let manifest = places[index].manifest else { continue }
            summary.places[index].objects += manifest.entries.count
            summary.places[index].hasSizes = false
        }
        let waits = await terms.candidates.count
        progressState.withLock { progress in
            progress.isListed = true
            progress.listed = tally.same
            progress.toExamine = waits
        }
        return Listed(
            candidates: terms.candidates, isCounted: tally.failures.map { $0 == nil }, lastFound: tally.lastFound)
    }

    private func freshTerms(_ order: KeyOrder = .bytes) -> CandidateMerge.Terms {
        progressState.withLock { $0.listed = 0 }
        return CandidateMerge.Terms(
            run: self, order: order, now: time.wall(), looksAtAll: looksAtAll,
            candidates: RangedSpill(executor: surroundings.blocking("ranged-spill")),
            tally: ListingTally(
                failures: places.map { place in if case .nothing = place.content { "It is out of reach." } else { nil }
                }))
    }

    /// Whether every key needs a look, whatever the listings show.
    private var looksAtAll: Bool {
        switch options.depth {
        case .everything, .sample: true
        case .listings, .resolving:
            options.checksMetadata || options.reportsIdentical || !options.packages.isEmpty
                || !options.filter.isEverything
        }
    }

    var manifest: ChecksumManifest? {
        places.lazy.compactMap(\.manifest).first
    }

    /// Whether a key whose listings agree is looked at nevertheless.
    func needsLook(_ key: ObjectKey) -> Bool {
        switch options.depth {
        case .everything: return true
        case .sample(let sample): if sample.includes(key) { return true }
        case .listings, .resolving: break
        }
        return options.checksMetadata || isPackage(key)
    }

    func isPackage(_ key: ObjectKey) -> Bool {
        options.packages.contains { unsafe $0.matches(key.bytes.span.bytes) }
    }

    /// Gives replication time for what is in flight.
    func settle(_ listed: Listed) async throws {
        guard let found = listed.lastFound, options.settle > .zero else { return }
        let wait = options.settle.nanoseconds - (time.now() - found)
        if wait > 0 { await time.sleep(for: .nanoseconds(wait)) }
        try Task.checkCancellation()
    }
}
