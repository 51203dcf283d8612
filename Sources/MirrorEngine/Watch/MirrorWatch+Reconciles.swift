import Journal
import ObjectModel
import Reactor
import Runtime
import Scratch
import Stores

/// How both listings are read. When, and what becomes of it, is decided by the state.
extension MirrorWatch {
    /// Objects of the source up to which headers are compared after every gap.
    private static let headerLimit = 10_000

    /// The state begins one reconcile at a time.
    func reconcileForEver(_ beginnings: AsyncStream<WatchEffect.Preparation>) async {
        for await preparation in beginnings { await reconcile(preparation) }
    }

    private func reconcile(_ preparation: WatchEffect.Preparation) async {
        wakeTicker()
        do {
            try await prepare(preparation)
            try await turnstile.with { try await read($0) }
        } catch {
            guard !Task.isCancelled else { return }
            let failure = ObjectFailure(error)
            let missing = failure.missingBucket
            apply(
                .reconcileFailed(
                    "\(failure)", lacksSource: missing == work.source.endpointIdentity, lacksBucket: missing != nil))
            await facts.flush()
        }
    }

    /// Sees that the target's bucket is there, before the first job; and after a reconcile that failed, that both sides
    /// answer, so that a server which hangs does not keep a place of the turnstile from other mirrors.
    private func prepare(_ preparation: WatchEffect.Preparation) async throws {
        if preparation.asksServers {
            _ = try await work.source.exists()
            _ = try await work.target.exists()
        }
        guard preparation.makesTarget else { return }
        // What has no source is no mirror: a mistyped name must not make a bucket.
        guard try await work.source.exists() else {
            throw ObjectFailure.impossible("The bucket of \(work.source.name) does not exist; it is waited for.")
        }
        if try await !work.target.exists() { try await work.target.create() }
        apply(.targetReady)
    }

    private func read(_ place: Turnstile.Place) async throws {
        let extras = KeySpill(executor: work.surroundings.blocking("key-spill"))
        let (marked, unproven) = work.tally.withLock { ($0.progress.known.objects, $0.summary.unproven) }
        let start = work.time.wall()
        for case .read(let plan) in apply(.reading(WatchInput.Reading(start: start, unproven: unproven))) {
            try await read(plan, start, extras, place, marked: marked)
        }
        tickBell.ring()
    }

    private func read(
        _ plan: WatchEffect.ReadPlan, _ start: Timestamp, _ extras: KeySpill, _ place: Turnstile.Place, marked: Int
    ) async throws {
        let dropped = plan.comparesDropped ? await work.journal.fact(MirrorJournal.dropsHeaders) : nil
        work.beginListing()
        do {
            try await Reconciler(
                work, start: start, lastGood: plan.lastGood,
                marks: dropped == nil ? .differences : .differencesAndHeaders, extras: extras,
                isBackground: isListening, place: place
            ).run()
            work.endListing(isWhole: true)
        } catch {
            work.endListing(isWhole: false)
            throw error
        }
        let startAtSource = work.settings.withLock { $0.start }
        let (source, target, known) = work.tally.withLock { tally in
            (tally.summary.source, tally.listedTarget, tally.progress.known.objects)
        }
        let extra = work.options.removes ? await extras.count : 0
        let effects = apply(.listed(WatchInput.Listed(source: source, target: target, extra: extra)))
        await facts.flush()
        for case .markExtras in effects { try await mark(extras) }
        if plan.comparesHeaders, !work.options.checksHeaders, dropped == nil {
            try await compareHeaders(start, source, place)
        }
        let unproven = work.tally.withLock { $0.summary.unproven }
        apply(
            .reconciled(
                WatchInput.Reconciled(
                    startAtSource: startAtSource, end: work.time.wall(), marked: known - marked, unproven: unproven)))
        wakeTicker()
        let dirty = work.dirty
        await work.journal.acquireLockIfFreed()
        await UploadSweeper(target: work.target, journal: work.journal).sweep { dirty.contains($0) }
    }

    /// Whether changes are told, so that listings are no way to learn of them.
    private var isListening: Bool { guarded.withLock { $0.state.feed.standing == .listening } }

    /// Has the headers of all objects compared, if they are not too many: changes of tags alone, and on some servers
    /// (JuiceFS) of any headers, leave no trace in listings, so an event that was missed would be missed for good.
    private func compareHeaders(_ start: Timestamp, _ source: Amount, _ place: Turnstile.Place) async throws {
        guard source.objects <= Self.headerLimit else { return }
        work.forgetListing()
        try await Reconciler(
            work, start: start, lastGood: nil, marks: .headers,
            extras: KeySpill(executor: work.surroundings.blocking("key-spill")), isBackground: isListening, place: place
        ).run()
    }

    /// Marks what only the target has.
    private func mark(_ extras: KeySpill) async throws {
        while true {
            let batch = try await extras.next(limit: 1000).map(Extra.init(spilled:))
            guard !batch.isEmpty else { return }
            for extra in batch { await work.dirty.mark(Job(key: extra.key, reason: .extra)) }
            try Task.checkCancellation()
        }
    }
}
