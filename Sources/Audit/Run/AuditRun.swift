import Listings
import ObjectModel
public import Runtime
import Scratch
import Stores

/// Compares places: one streaming merge of their listings first, then a closer look at the keys that need one, in order.
///
/// It is given `ReadableStore`s, so nothing in it can write to a server. What waits between the two passes is on disk, so
/// memory does not depend on how much differs.
public final class AuditRun: Sendable {
    let places: [AuditPlace]
    let options: AuditOptions
    let executors: [any TaskExecutor]
    let surroundings: Surroundings
    var time: any Time { surroundings.time }
    let observer: @Sendable (AuditEvent) -> Void
    let progressState = Mutex(AuditProgress())
    private let began: Int64

    /// - Parameters:
    ///   - places: two or more, or a manifest and one or more; the first is the reference.
    ///   - executors: where contents are read and hashed; at least one. The task that calls `run` must be on one, too.
    ///   - observer: called in the order of `AuditEvent`, from one task; it gets no summary, which `run` gives back.
    public init(
        places: [AuditPlace], options: AuditOptions, executors: [any TaskExecutor], surroundings: Surroundings,
        observer: @escaping @Sendable (AuditEvent) -> Void
    ) {
        self.places = places
        self.options = options
        self.executors = executors
        self.surroundings = surroundings
        began = surroundings.time.now()
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
        outcome.summary.start = time.wall()
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
            if outcome.gone > 0 {
                let keys = outcome.gone == 1 ? "1 key was" : "\(outcome.gone) keys were"
                observer(.notice("\(keys) deleted meanwhile wherever it had been listed, and counts nowhere."))
            }
        } catch is CancellationError {
            outcome.summary.isInterrupted = true
        } catch let error as StoreError where error.kind == .cancelled {
            outcome.summary.isInterrupted = true
        } catch {
            observer(.notice("The audit could not go on: \(error)"))
            outcome.summary.errors += 1
        }
        if Task.isCancelled { outcome.summary.isInterrupted = true }
        outcome.summary.seconds = Double(time.now() - began) / 1e9
        return outcome
    }

    /// What an audit gives back; `book` and `repair` are taken on to the next bucket.
    public struct Outcome: Sendable {
        /// Keys of the present batch that were told.
        var told = 0
        /// Keys that not every listing had, and every place has.
        var unlisted = 0
        /// Keys that listings had, and no place has any longer.
        var gone = 0
        public var summary = AuditSummary()
        public var book: PackageBook
        public var repair: RepairPlan
    }
}
