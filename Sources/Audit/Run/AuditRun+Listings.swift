import Listings
import ObjectModel
import Runtime
import Scratch
import Stores

/// The first pass: all listings side by side, to their ends.
extension AuditRun {
    /// What the listings left to be looked at.
    struct Listed {
        var candidates: KeySpill
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
        var orders: [KeyOrder?] = Array(repeating: .bytes, count: places.count)
        let blank = summary
        for attempt in 0... {
            do {
                // What a listing told before it turned out to be in another order is told again.
                summary = blank
                return try await merge(orders, &summary)
            } catch let disorder as ListingDisorder {
                // Each side can turn out to be in another order, and then in none.
                guard attempt < 2 * places.count else { throw disorder }
                orders[disorder.side] = orders[disorder.side] == .bytes ? disorder.likely : nil
                if orders[disorder.side] == nil {
                    observer(.notice("\(disorder.sentence) It is sorted in a temporary table."))
                }
            }
        }
        throw CancellationError()
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

    private func merge(_ orders: [KeyOrder?], _ summary: inout AuditSummary) async throws -> Listed {
        let known = Set(places.indices.filter { places[$0].store != nil }.map { orders[$0] })
        let hasManifest = manifest != nil
        // A manifest is sorted by bytes.
        let order = known.count == 1 && !hasManifest ? known.first ?? .bytes : nil
        var merge = try await openMerge(orders, order)
        try await merge.start()
        var result = Listed(
            candidates: KeySpill(executor: surroundings.blocking("key-spill")), isCounted: [], lastFound: nil)
        var excluded = merge.places
        var waiting: [ObjectKey] = []
        let now = time.wall()
        while let row = try await merge.next() {
            if Task.isCancelled { throw CancellationError() }
            guard options.filter.includes(row.key), isInScope(row, now) else {
                for (index, facts) in row.facts.enumerated() where facts != nil {
                    excluded[index].objects += 1
                    excluded[index].bytes += facts?.size ?? 0
                }
                continue
            }
            if merge.comparesNothing, !isPackage(row.key) { continue }
            if row.isSame, !needsLook(row.key) {
                summary.countIdentical()
                if !options.reportsIdentical { continue }
            }
            if !row.isSame { result.lastFound = time.now() }
            waiting.append(ObjectKey(bytes: Candidate(row).record))
            if waiting.count == 1000 {
                try await result.candidates.append(waiting)
                waiting = []
            }
            progressState.withLock { $0.listed = summary.compared + merge.same }
        }
        try await result.candidates.append(waiting)
        summary.compared += merge.same
        summary.identical += merge.same
        summary.places = merge.places
        for index in places.indices {
            if let manifest = places[index].manifest {
                summary.places[index].objects = manifest.entries.count
                summary.places[index].hasSizes = false
            }
            summary.places[index].objects -= excluded[index].objects
            summary.places[index].bytes -= excluded[index].bytes
        }
        result.isCounted = merge.isCounted
        let waits = await result.candidates.count
        progressState.withLock { progress in
            progress.isListed = true
            progress.listed = summary.compared
            progress.toExamine = waits
        }
        return result
    }

    private func openMerge(_ orders: [KeyOrder?], _ order: KeyOrder?) async throws -> AuditMerge {
        var readers: [(any PageReader)?] = []
        var failures: [Int: String] = [:]
        for (index, place) in places.enumerated() {
            guard let store = place.store else {
                readers.append(nil)
                if case .nothing = place.content { failures[index] = "It is out of reach." }
                continue
            }
            var reader: any PageReader = store.listing(after: nil, through: nil)
            if let own = orders[index] { reader = OrderedPages(reader, store: place.name, side: index, order: own) }
            if !(orders[index] != nil && (orders[index] == order || order == nil && orders[index] == .bytes)) {
                do {
                    reader = try await SortedPages(reader, store: place.name, surroundings)
                } catch let error as StoreError where error.kind != .cancelled {
                    failures[index] = "\(error)"
                } catch let error as CircularListing {
                    failures[index] = "\(error)"
                }
            }
            readers.append(reader)
        }
        var merge = AuditMerge(
            readers, prefixLengths: places.map { $0.store?.prefixLength ?? 0 }, manifest: manifest,
            places: places.map { AuditSummary.Place(name: $0.name) }, order: order ?? .bytes, looksAtAll: looksAtAll,
            takesMissingForEmpty: options.takesMissingForEmpty)
        for (index, failure) in failures { merge.fail(index, failure) }
        return merge
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

    private func isPackage(_ key: ObjectKey) -> Bool {
        options.packages.contains { unsafe $0.matches(key.bytes.span.bytes) }
    }

    /// Age and storage class are those of the first place that has the key.
    private func isInScope(_ row: AuditMerge.Row, _ now: Timestamp) -> Bool {
        guard !options.filter.ignoresAttributes, let facts = row.facts.lazy.compactMap(\.self).first else {
            return true
        }
        return options.filter.includes(
            lastModified: facts.lastModified ?? now, storageClass: facts.storageClass, now: now)
    }

    /// Gives replication time for what is in flight.
    func settle(_ listed: Listed) async throws {
        guard let found = listed.lastFound, options.settle > .zero else { return }
        let wait = options.settle.nanoseconds - (time.now() - found)
        if wait > 0 { await time.sleep(for: .nanoseconds(wait)) }
        try Task.checkCancellation()
    }
}
