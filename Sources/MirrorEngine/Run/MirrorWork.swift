import Journal
import Listings
import ObjectModel
import Reactor
import Runtime
import Stores

/// What all jobs of one mirror share: the two sides, the options, what is counted and what is learnt on the way.
///
/// Safe from every thread.
final class MirrorWork: Sendable {
    let source: any ObjectStore
    let target: any ObjectStore
    let options: MirrorOptions
    let journal: MirrorJournal
    let budget: ByteBudget
    let dirty: DirtySet
    let surroundings: Surroundings
    var time: any Time { surroundings.time }
    /// Where work goes on that outlives the task which began it.
    let executor: any TaskExecutor
    let tally = Mutex(Tally())
    let settings: Mutex<Settings>
    let listingTrust = ListingTrust()
    let headerTrust = HeaderTrust()
    /// Whether the work goes on for ever: what changes during a copy is told by an event or found by the next reconcile.
    let isWatching: Bool
    /// Takes what only the target has.
    let takeExtra: @Sendable (Extra, Job) async throws -> Void
    private let observer: @Sendable (MirrorEvent) -> Void
    private let interrupted = Mutex(false)

    /// What is counted. All of it is under one lock: it is touched a few times an object.
    struct Tally {
        var summary = MirrorSummary()
        var progress = MirrorProgress()
        /// In scope, as the target's listing had it.
        var listedTarget = Amount()
        var target = TargetCount()
        /// Keys that were settled while the listings were read, for another reason than these: what these show of them may
        /// be out of date.
        var settledMeanwhile: Set<ObjectKey> = []
        /// Objects that an event told of and that were put where there was none.
        var created = 0
        /// Bytes of objects that were sent in one piece.
        var heldBytes: Int64 = 0
        /// Keys that two listings alone show to be the same.
        var plainlySame = 0
        /// Objects that failed for good because a server was away, since the last one that succeeded.
        var goneInARow = 0
        /// Folders that the source lists and that are no objects.
        var folders = 0
        /// Objects whose first try did not arrive as the source's ETag promised.
        var brokenPromises = 0
        /// Names that the target's aliases of source keys go by, and those keys: never extras.
        var shadows: [ObjectKey: Set<ObjectKey>] = [:]
    }

    struct Settings {
        var decisions: DecisionOptions
        /// When the reconcile began, in the source's clock.
        var start = Timestamp(milliseconds: 0)
    }

    /// Keys that are remembered; what more is settled may be copied twice.
    private static let settledLimit = 100_000

    init(
        source: any ObjectStore, target: any ObjectStore, options: MirrorOptions, journal: MirrorJournal,
        budget: ByteBudget, dirty: DirtySet, surroundings: Surroundings, executor: any TaskExecutor,
        isWatching: Bool, observer: @escaping @Sendable (MirrorEvent) -> Void,
        takeExtra: @escaping @Sendable (Extra, Job) async throws -> Void
    ) {
        self.source = source
        self.target = target
        self.options = options
        self.journal = journal
        self.budget = budget
        self.dirty = dirty
        self.surroundings = surroundings
        self.executor = executor
        self.isWatching = isWatching
        self.observer = observer
        self.takeExtra = takeExtra
        settings = Mutex(Settings(decisions: options.decisions))
    }

    /// What state is filed under.
    static func name(_ source: any ObjectStore, _ target: any ObjectStore) -> String {
        "\(source.identity) → \(target.identity)"
    }

    var isInterrupted: Bool { interrupted.withLock { $0 } }

    /// Jobs end as soon as they can, and their failures are not reported.
    func interrupt() { interrupted.withLock { $0 = true } }

    // MARK: What the reconciler tells

    /// The listings are open: what decisions depend on is known.
    func begin(_ options: DecisionOptions, start: Timestamp) {
        settings.withLock { $0 = Settings(decisions: options, start: start) }
    }

    var decisionOptions: DecisionOptions { settings.withLock { $0.decisions } }

    /// Both listings are read from now on, again.
    func beginListing() {
        forgetListing()
        tally.withLock { tally in
            tally.target.begin()
            // An alias that is gone is found anew, if it is still one: a listing that came late may have feigned it.
            tally.shadows = tally.shadows.filter { $0.value.contains(where: dirty.contains) }
        }
    }

    /// They are at their end, or failed.
    func endListing(isWhole: Bool) {
        tally.withLock { tally in
            if isWhole {
                tally.target.end(tally.listedTarget, now: time.now())
            } else {
                tally.target.fail()
            }
            tally.settledMeanwhile = []
        }
    }

    /// Marks what a listing showed to differ.
    func mark(_ job: Job) async {
        var job = job
        tally.withLock { tally in
            tally.progress.known.add(job.source?.size ?? 0)
            job.listing = tally.target.number
            guard tally.settledMeanwhile.contains(job.key) else { return }
            job.reason = job.reason ?? job.decision?.reason
            job.decision = nil
        }
        await dirty.mark(job)
    }

    /// A watch's job has brought its key in line.
    func noteSettled(_ job: Job) {
        tally.withLock { tally in
            guard tally.target.isListing, job.listing != tally.target.number,
                tally.settledMeanwhile.count < Self.settledLimit
            else { return }
            tally.settledMeanwhile.insert(job.key)
        }
    }

    /// A key needs nothing.
    func noteSame(_ key: ObjectKey, _ state: ObjectState) {
        tally.withLock { $0.summary.same += 1 }
        guard options.reportsSame else { return }
        report(
            ObjectReport(
                action: .skip, key: source.fullKey(key), size: state.size, etag: state.etag, status: .ok, reason: .same,
                error: nil, seconds: 0))
    }

    /// Takes over what was read of the listings since the last time.
    func note(_ count: ListingCount) {
        tally.withLock { tally in
            tally.summary.source = tally.summary.source + count.source
            tally.listedTarget = tally.listedTarget + count.target
            tally.plainlySame += count.same
            tally.progress.listed += count.source.objects
        }
    }

    /// A merge begins anew: what was counted of its listings counts no more; what was done stays done.
    func forgetListing() {
        tally.withLock { tally in
            tally.summary.source = Amount()
            tally.listedTarget = Amount()
            tally.plainlySame = 0
            tally.summary.same = 0
        }
    }

    // MARK: What is told

    func notice(_ text: String) { observer(.notice(text)) }

    func noteGuard(_ objection: String) { observer(.guarded(objection)) }

    func report(_ report: ObjectReport) { observer(.object(report)) }

    /// Reports that a job did not bring its key in line.
    func reportFailure(_ job: Job, _ failure: ObjectFailure, began: Int64) {
        let decision = job.decision ?? .copy(job.reason ?? .missing)
        report(
            ObjectReport(
                action: decision.action, key: source.fullKey(job.key), size: job.source?.size, etag: job.source?.etag,
                status: .failed, reason: decision.reason ?? .missing, error: "\(failure)",
                seconds: Double(time.now() - began) / 1e9))
    }

    /// Whether a key is one that the mirror is about, by its name.
    func isInScope(_ key: ObjectKey) -> Bool { options.filter.includes(key) && !isTrash(key) }

    /// Whether an object of the source is one that the mirror is about, by its attributes.
    func isInScope(_ state: ObjectState, now: Timestamp) -> Bool {
        options.filter.ignoresAttributes
            || options.filter.includes(lastModified: state.lastModified, storageClass: state.storageClass, now: now)
    }

    func isTrash(_ key: ObjectKey) -> Bool {
        guard let trash = options.trash else { return false }
        return target.fullKey(key).hasPrefix(trash)
    }

    func requestCounts() -> [RequestVerb: Int] {
        var counts = Dictionary(uniqueKeysWithValues: source.counters.snapshot.map { ($0.verb, $0.count) })
        if source.counters !== target.counters {
            for entry in target.counters.snapshot { counts[entry.verb, default: 0] += entry.count }
        }
        return counts
    }
}
