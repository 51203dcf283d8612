import Journal
import ObjectModel
import Reactor
import Runtime
import Scratch
import Stores

/// When both listings are read, and what becomes of it.
extension MirrorWatch {
    /// Objects of the source up to which headers are compared after every gap.
    private static let headerLimit = 10_000

    private enum Next {
        case reconcile(ReconcileReason)
        case wait(until: Int64)
    }

    func reconcileForEver() async {
        while !Task.isCancelled {
            switch next(now: work.time.now()) {
            case .reconcile(let reason): await reconcile(reason)
            case .wait(let moment): await reconcileBell.wait(until: moment)
            }
        }
    }

    private func next(now: Int64) -> Next {
        control.withLock { control in
            // The stream first, then the listings: what changes between the two would be missed.
            let isWatched = control.feed == .listening || control.feed == .polling
            guard isWatched || control.wanted == .request else { return .wait(until: .max) }
            if let wanted = control.wanted {
                guard now >= control.notBefore else { return .wait(until: control.notBefore) }
                control.wanted = nil
                return .reconcile(wanted)
            }
            guard now >= control.nextScheduled else { return .wait(until: control.nextScheduled) }
            return .reconcile(control.feed == .polling && now < control.nextHeaderCheck ? .poll : .schedule)
        }
    }

    private func reconcile(_ reason: ReconcileReason) async {
        control.withLock { $0.isReconciling = true }
        wakeTicker()
        do {
            try await prepare()
            try await turnstile.with { try await read(reason, $0) }
        } catch {
            guard !Task.isCancelled else { return }
            let missing = ObjectFailure(error).missingBucket
            let isMissing = missing != nil
            if missing == work.source.endpointIdentity { await noteEmptySource(true) }
            let backoff = Backoff(base: .milliseconds(200), cap: isMissing ? .seconds(10) : .seconds(2))
            control.withLock { control in
                control.isReconciling = false
                control.hasBegunReconcile = true
                control.progress += 1
                let delay = work.surroundings.chance.delay(backoff, attempt: control.failedReconciles).nanoseconds
                control.failedReconciles += 1
                control.reconcileFailure = "\(ObjectFailure(error))"
                control.notBefore = work.time.now() + delay
                if control.wanted == nil { control.wanted = reason == .start ? .start : .retry }
            }
            emit(.reconcileFailed("\(ObjectFailure(error))"))
        }
    }

    /// Whether changes are told, so that listings are no way to learn of them.
    private var isListening: Bool { control.withLock { $0.feed == .listening } }

    private func read(_ reason: ReconcileReason, _ place: Turnstile.Place) async throws {
        // Seldom enough: what kept keys from succeeding may have passed.
        if reason != .poll, reason != .retry { _ = work.dirty.wakeDue(.max) }
        emit(.reconcileBegan(reason))
        let began = work.time.now()
        let start = work.time.wall()
        let extras = KeySpill(executor: work.surroundings.blocking("key-spill"))
        let (lastGood, isApproved) = control.withLock { control in
            control.hasBegunReconcile = true
            return (control.lastGood, control.isApproved)
        }
        let allowance = isApproved ? nil : deletions.allowance
        let (markedBefore, unprovenBefore) = work.tally.withLock { ($0.progress.known.objects, $0.summary.unproven) }
        let dropped = reason == .start ? await work.journal.fact(MirrorJournal.dropsHeaders) : nil
        work.beginListing()
        do {
            try await Reconciler(
                work, start: start, lastGood: lastGood, marks: dropped == nil ? .differences : .differencesAndHeaders,
                extras: extras, isBackground: isListening, place: place
            ).run()
            work.endListing(isWhole: true)
        } catch {
            work.endListing(isWhole: false)
            throw error
        }
        let startAtSource = work.settings.withLock { $0.start }
        let extra = work.options.removes ? await extras.count : 0
        let (source, target, marked) = work.tally.withLock { tally in
            (tally.summary.source, tally.listedTarget, tally.progress.known.objects - markedBefore)
        }
        control.withLock { control in
            control.source = source
            control.heldDeletes = 0
        }
        let isHeld = try await mark(extras, extra, source, target, allowance: allowance)
        if isApproved { control.withLock { $0.isApproved = false } }
        if reason != .poll, !work.options.checksHeaders, dropped == nil {
            try await compareHeaders(start, source, place)
        }
        let ended = work.time.now()
        let cost = Duration.nanoseconds(ended - began)
        control.withLock { control in
            control.isReconciling = false
            control.failedReconciles = 0
            control.reconcileFailure = nil
            control.progress += 1
            control.lastReconcile = work.time.wall()
            control.pace.polled(cost: cost, foundChanges: marked + extra > 0 && !isHeld)
            let pause =
                control.feed == .polling
                ? control.pace.interval
                : options.reconcileInterval * work.surroundings.chance.draw { Double.random(in: 0.9...1.1, using: &$0) }
            let isSecondDue = control.needsSecondReconcile
            control.needsSecondReconcile = false
            control.nextScheduled = ended + (isSecondDue ? min(pause, options.secondReconcile) : pause).nanoseconds
            if reason != .poll { control.nextHeaderCheck = ended + options.reconcileInterval.nanoseconds }
            let unproven = work.tally.withLock { $0.summary.unproven } - unprovenBefore
            // What was held back meanwhile is settled, and yet there.
            control.unproven = isHeld || control.heldDeletes > 0 || unproven > 0 ? nil : (start, startAtSource, ended)
        }
        emit(
            .reconcileEnded(
                ReconcileOutcome(
                    reason: reason, source: source, target: target, different: marked, extra: extra,
                    isHeld: isHeld, seconds: cost.inSeconds)))
        let dirty = work.dirty
        await work.journal.acquireLockIfFreed()
        await UploadSweeper(target: work.target, journal: work.journal).sweep { dirty.contains($0) }
        tickBell.ring()
    }

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

    /// Sees that the target's bucket is there, before the first job; and after a reconcile that failed, that both sides
    /// answer, so that a server which hangs does not keep a place of the turnstile from other mirrors.
    private func prepare() async throws {
        let (isReady, failures) = control.withLock { ($0.isTargetReady, $0.failedReconciles) }
        if isReady, failures > 0 {
            _ = try await work.source.exists()
            _ = try await work.target.exists()
        }
        guard !isReady else { return }
        // What has no source is no mirror: a mistyped name must not make a bucket.
        guard try await work.source.exists() else {
            throw ObjectFailure.impossible("The bucket of \(work.source.name) does not exist; it is waited for.")
        }
        if try await !work.target.exists() { try await work.target.create() }
        control.withLock { $0.isTargetReady = true }
        work.dirty.setGate(isOpen: true)
    }

    /// Marks what only the target has, unless that is too much to be meant; true if so. A person wants up to
    /// `allowance` of them gone; nil for all.
    private func mark(
        _ extras: KeySpill, _ count: Int, _ source: Amount, _ target: Amount, allowance: Int?
    ) async throws -> Bool {
        let paused = count > 0 ? deletions.paused : nil
        var limit = work.options.deletionGuard
        if count <= allowance ?? .max { limit.limit = .percent(100) }
        let doubt = await emptySourceObjection(count, source, target, isAllowed: count <= allowance ?? .max)
        let objection =
            paused
            ?? limit.objection(deletions: count, targetObjects: target.objects, sourceObjects: source.objects) ?? doubt
        let isNew = control.withLock { control in
            defer { control.objection = objection }
            if objection != nil { control.heldDeletes = count }
            // Once, though the numbers in it may change with every poll, and though a job may have met it first.
            let wasTold = control.isObjectionTold
            control.isObjectionTold = objection != nil && (wasTold || paused == nil)
            return !wasTold
        }
        if let objection {
            if isNew, paused == nil { emit(.guarded(objection)) }
            return true
        }
        guard count > 0 else { return false }
        if allowance == nil { deletions.allow(count) }
        while true {
            let batch = try await extras.next(limit: 1000).map(Extra.init(spilled:))
            guard !batch.isEmpty else { return false }
            for extra in batch { await work.dirty.mark(Job(key: extra.key, reason: .extra)) }
            try Task.checkCancellation()
        }
    }

    /// Why `count` deletions must not be done of a source that was empty a while ago; nil if it is back, or a person wants
    /// them done.
    private func emptySourceObjection(
        _ count: Int, _ source: Amount, _ target: Amount, isAllowed: Bool
    ) async -> String? {
        guard !work.options.deletionGuard.allowsEmptySource else { return nil }
        if source.objects == 0, target.objects > 0 {
            await noteEmptySource(true)
            return nil
        }
        guard control.withLock({ $0.sawEmptySource }) else { return nil }
        if !isAllowed, count * 2 > target.objects {
            return "the source was empty and has \(source.objects) objects now, while \(count) of the target's "
                + "\(target.objects) would be deleted; if that is meant, run minio-sync resume-deletes"
        }
        await noteEmptySource(false)
        return nil
    }

    /// Remembers, over a restart too, that the source is not to be believed when it lacks most of what the target has.
    func noteEmptySource(_ isEmpty: Bool) async {
        let isNew = control.withLock { control in
            defer { control.sawEmptySource = isEmpty }
            return control.sawEmptySource != isEmpty
        }
        if isNew { await work.journal.setFact("empty-source", isEmpty ? "1" : nil) }
    }
}
