import ObjectModel

/// What a watch's state is told.
enum WatchInput: Sendable {
    // The watch.
    /// The journal is read, and work may begin.
    case start(Memory)
    case stop
    /// It is time, as `WatchEffect.wake` had asked.
    case wake

    // Changes.
    /// What the stream says of itself; `number` is that of `WatchEffect.openFeed`, nil where a wider stream passes it
    /// on.
    case feed(FeedNews, number: Int?)
    /// Whether what a wider stream tells is passed on from now on.
    case fed(Bool)
    /// A key that was told found no room.
    case overflowed

    // A person.
    case request
    /// `resume-deletes`; `created` as in `Deletions.Present`.
    case approve(created: Int)

    // The reconcile that `WatchEffect.begin` began.
    case targetReady
    /// The listings are read from now on.
    case reading(Reading)
    /// They are at their ends.
    case listed(Listed)
    case reconciled(Reconciled)
    /// In its place, at any point. `lacksSource`: the source's bucket is missing; `lacksBucket`: some bucket is.
    case reconcileFailed(String, lacksSource: Bool, lacksBucket: Bool)

    // Jobs.
    /// After `attempt` failed tries.
    case jobSucceeded(attempt: Int)
    case jobFailed(FailedJob)
    case deletionsDue(Int, of: Deletions.Present?)
    case deletionsEnded(Deletions.Admitted, refused: Int)
    case deletionHeld(HeldReason)

    /// A look at the keys, once in a while.
    case looked(KeyFacts)

    /// What earlier processes left in the journal.
    struct Memory: Hashable, Sendable {
        /// Why deletions are paused.
        var paused: String?
        var sawEmptySource = false
        /// Whether the process before this one did not end in order.
        var wasKilled = false
        /// When the last reconcile began that left nothing different, by this machine's clock.
        var lastGood: Timestamp?
    }

    enum FeedNews: Hashable, Sendable {
        /// From now on no change is missed.
        case live
        case lost(String)
        case unavailable(String)
    }

    struct Reading: Hashable, Sendable {
        /// By this machine's clock.
        var start: Timestamp
        /// Keys that were found to be unprovable so far.
        var unproven: Int
    }

    struct Listed: Hashable, Sendable {
        /// In scope.
        var source: Amount
        var target: Amount
        /// Keys that only the target has, where such are deleted.
        var extra: Int
    }

    struct Reconciled: Hashable, Sendable {
        /// When it began, by the source's clock.
        var startAtSource: Timestamp
        /// Now, by this machine's clock.
        var end: Timestamp
        /// Keys that were marked because they differ.
        var marked: Int
        /// As in `Reading`.
        var unproven: Int
    }

    struct FailedJob: Hashable, Sendable {
        /// In full.
        var key: ObjectKey
        var cause: RetryPlan.Cause
        /// Failed tries before this one.
        var attempt: Int
        /// Why, in one sentence; may be empty where the object just changed.
        var text: String
        /// Whether it is plainly the server that failed, not perhaps this one key.
        var concernsAll: Bool
        /// Whether the target has no bucket.
        var lacksTarget: Bool
        /// Keys that wait for another try.
        var retrying: Int
    }

    /// What is known of the keys. Times are monotonic nanoseconds.
    struct KeyFacts: Hashable, Sendable {
        /// When the look began: what was known before is in it.
        var asOf: Int64
        /// Since when the oldest unsettled key is known; nil if all are settled.
        var oldest: Int64?
        var inFlight = 0
        /// Keys that wait on disk.
        var putAside = 0
        /// Whether events were taken in while it was looked.
        var isHearing = false
        /// As in `Reading`.
        var unproven = 0
        /// Keys of writes that were given up without an answer since the last look.
        var unanswered: [ObjectKey] = []
        /// As in `Deletions.Present`; nil while no listing has told.
        var created: Int?
    }
}
