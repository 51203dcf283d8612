import ObjectModel
import Runtime
import Stores

/// What the reconciler tells the run.
extension MirrorRun {
    /// The listings are open: what decisions depend on is known.
    func begin(_ options: DecisionOptions, start: Timestamp) {
        settings.withLock { $0 = Settings(decisions: options, start: start) }
    }

    struct Settings {
        var decisions = DecisionOptions()
        /// When the run began, in the source's clock.
        var start = Timestamp(milliseconds: 0)
    }

    var decisionOptions: DecisionOptions { settings.withLock { $0.decisions } }

    /// Marks what a listing showed to differ.
    func mark(_ job: Job) async {
        tally.withLock { $0.progress.known.add(job.source?.size ?? 0) }
        await dirty.mark(job)
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
}
