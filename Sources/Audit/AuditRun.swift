import Journal
import Listings
import ObjectModel
import Runtime
public import S3
import Stores

/// Compares places: one streaming merge of their listings first, then a closer look at the keys that need one, in order.
///
/// It is given `ReadableStore`s, so nothing in it can write to a server. What waits between the two passes is on disk, so
/// memory does not depend on how much differs.
public final class AuditRun: Sendable {
    private let places: [AuditPlace]
    private let options: AuditOptions
    private let reactors: [Reactor]
    private let observer: @Sendable (AuditEvent) -> Void
    private let progressState = Mutex(AuditProgress())
    private let began = MonotonicClock.nanoseconds()

    /// - Parameters:
    ///   - places: two or more, or a manifest and one or more; the first is the reference.
    ///   - reactors: where contents are read and hashed; at least one. The task that calls `run` must be on one, too.
    ///   - observer: called in the order of `AuditEvent`, from one task; it gets no summary, which `run` gives back.
    public init(
        places: [AuditPlace], options: AuditOptions, reactors: [Reactor],
        observer: @escaping @Sendable (AuditEvent) -> Void
    ) {
        self.places = places
        self.options = options
        self.reactors = reactors
        self.observer = observer
    }

    public var progress: AuditProgress { progressState.withLock { $0 } }

    /// Compares all keys in scope. Failures of places and keys are in the findings and the summary.
    ///
    /// A cancelled task ends it early; the summary says so.
    ///
    /// - Parameters:
    ///   - book: takes up the APKs.
    ///   - repair: takes up what has to be mended.
    public func run(book: PackageBook, repair: RepairPlan) async -> Outcome {
        var outcome = Outcome(book: book, repair: repair)
        outcome.summary.start = WallClock.now()
        outcome.summary.places = places.map { AuditSummary.Place(name: $0.name) }
        if case .sample(let sample) = options.depth { outcome.summary.sample = sample }
        do {
            let listed = try await listWhole(&outcome.summary)
            try await settle(listed)
            try await examine(listed, &outcome)
            if outcome.unlisted > 0 {
                let keys = outcome.unlisted == 1 ? "1 key was" : "\(outcome.unlisted) keys were"
                observer(
                    .notice(
                        "\(keys) not in every listing, and a second look found the same on every place: written "
                            + "meanwhile, or left out by a listing."))
            }
        } catch is CancellationError {
            outcome.summary.isInterrupted = true
        } catch let error as S3Error where error.kind == .cancelled {
            outcome.summary.isInterrupted = true
        } catch {
            observer(.notice("The audit could not go on: \(error)"))
            outcome.summary.errors += 1
        }
        if Task.isCancelled { outcome.summary.isInterrupted = true }
        outcome.summary.seconds = Double(MonotonicClock.nanoseconds() - began) / 1e9
        return outcome
    }

    /// What an audit gives back; `book` and `repair` are taken on to the next bucket.
    public struct Outcome: Sendable {
        /// Keys of the present batch that were told.
        fileprivate var told = 0
        /// Keys that not every listing had, and every place has.
        fileprivate var unlisted = 0
        public var summary = AuditSummary()
        public var book: PackageBook
        public var repair: RepairPlan
    }

    // MARK: Listings

    /// What the listings left to be looked at.
    private struct Listed {
        var candidates: KeySpill
        var isCounted: [Bool]
        /// When the last key was found that differs, in monotonic nanoseconds.
        var lastFound: Int64?
    }

    private func listWhole(_ summary: inout AuditSummary) async throws -> Listed {
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
        var result = Listed(candidates: KeySpill(), isCounted: [], lastFound: nil)
        var excluded = merge.places
        var waiting: [ObjectKey] = []
        let now = WallClock.now()
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
            if !row.isSame { result.lastFound = MonotonicClock.nanoseconds() }
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
                    reader = try await SortedPages(reader, store: place.name)
                } catch let error as S3Error where error.kind != .cancelled {
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

    private var manifest: Manifest? {
        places.lazy.compactMap(\.manifest).first
    }

    /// Whether a key whose listings agree is looked at nevertheless.
    private func needsLook(_ key: ObjectKey) -> Bool {
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
    private func settle(_ listed: Listed) async throws {
        guard let found = listed.lastFound, options.settle > .zero else { return }
        let wait = options.settle.nanoseconds - (MonotonicClock.nanoseconds() - found)
        if wait > 0 { try await Task.sleep(for: .nanoseconds(wait)) }
    }

    // MARK: Single keys

    private func examine(_ listed: Listed, _ outcome: inout Outcome) async throws {
        var isCounted = listed.isCounted
        let lines = Dictionary(uniqueKeysWithValues: (manifest?.entries ?? []).map { ($0.key, $0.digest.facts) })
        while isCounted.contains(true) {
            let records = try await listed.candidates.next(limit: 256)
            guard !records.isEmpty else { return }
            let candidates = records.map { Candidate(record: $0.bytes) { lines[$0] } }
            try await inOrder(candidates, &isCounted, &outcome)
        }
    }

    /// Keys that are looked at at the same time. Reading whole takes memory, and one key keeps several places busy.
    private var width: Int {
        switch options.depth {
        case .everything, .sample: 8
        case .listings, .resolving: 32
        }
    }

    private func inOrder(
        _ candidates: [Candidate], _ isCounted: inout [Bool], _ outcome: inout Outcome
    ) async throws {
        let examiner = Examiner(places: places, options: options, isCounted: isCounted, reactors: reactors)
        let isCompared = isCounted.count { $0 } >= min(2, places.count)
        var results: [Int: Examiner.Result] = [:]
        var lost: [Int: String] = [:]
        try await withThrowingTaskGroup(of: (Int, Examiner.Result).self) { group in
            var (next, told) = (0, 0)
            while told < candidates.count {
                while next < candidates.count, next - told < 4 * width, next - told - results.count < width {
                    let index = next
                    let candidate = candidates[index]
                    group.addTask { (index, await examiner.examine(candidate)) }
                    next += 1
                }
                if let result = results.removeValue(forKey: told) {
                    if let (place, reason) = result.lost {
                        lost[place] = reason
                        results[told] = result
                        break
                    }
                    take(result, candidates[told], isCompared: isCompared, &outcome)
                    told += 1
                    continue
                }
                guard let (index, result) = try await group.next() else { break }
                results[index] = result
            }
            if told < candidates.count, !lost.isEmpty {
                group.cancelAll()
            }
            if Task.isCancelled { throw CancellationError() }
            outcome.told = told
        }
        guard !lost.isEmpty else { return }
        for (place, reason) in lost {
            isCounted[place] = false
            outcome.summary.places[place].error = reason
            observer(.notice("\(places[place].name) is out of reach and is not compared any further: \(reason)"))
        }
        guard isCounted.contains(true) else { return }
        try await inOrder(Array(candidates[outcome.told...]), &isCounted, &outcome)
    }

    /// - Parameter isCompared: whether there was another place; if not, nothing is said but what the APKs say.
    private func take(
        _ result: Examiner.Result, _ candidate: Candidate, isCompared: Bool, _ outcome: inout Outcome
    ) {
        if result.finding.state == .identical, !candidate.isSame {
            let holders = result.finding.places.count { $0.object != nil }
            if candidate.facts.count(where: { $0 != nil }) < holders { outcome.unlisted += 1 }
        }
        outcome.summary.bytesRead += result.bytesRead
        if result.isRead { outcome.summary.read += 1 }
        if isCompared {
            // What listings showed to be the same was counted then, unless it needed a look.
            if !candidate.isSame || needsLook(candidate.key) { outcome.summary.count(result.finding) }
            outcome.repair.add(result.finding)
            if result.finding.state != .identical || options.reportsIdentical { observer(.finding(result.finding)) }
        }
        progressState.withLock { progress in
            progress.examined += 1
            progress.bytesRead += result.bytesRead
        }
        for entry in result.packages {
            outcome.summary.apks += 1
            if !entry.isIntact { outcome.summary.packageProblems += 1 }
            outcome.book.add(entry, result.finding.places.first { $0.name == entry.place }?.object)
            observer(.package(entry))
        }
    }
}

/// How far an audit is, for a display that looks at it now and then.
public struct AuditProgress: Hashable, Sendable {
    /// Keys compared by the listings so far.
    public var listed = 0
    /// Whether the listings are read to their ends, so that `toExamine` is known.
    public var isListed = false
    /// Keys that need a closer look, and those that had it.
    public var toExamine = 0
    public var examined = 0
    public var bytesRead: Int64 = 0

    public init() {}
}
