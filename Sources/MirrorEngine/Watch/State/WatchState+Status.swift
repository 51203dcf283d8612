extension WatchState {
    /// What of a watch's status is decided here.
    func fill(_ status: inout WatchStatus) {
        status.feed = feed.standing
        status.isReconciling = isReconciling
        status.hasBegunReconcile = reconciles.hasBegun
        status.serverGone = health.gone ?? reconciles.failure
        status.heldDeletes = deletions.held
        status.lastReconcile = reconciles.lastEnd
        status.lastIdentical = identity.last
        status.deletesPaused = deletions.paused?.description
        status.objection = deletions.objection?.description
        status.source = source
        status.failures = failures
    }

    /// Whether the servers have nothing to be asked for but a sign of life: none answers, or nothing is under way.
    func isWaiting(hasJobs: Bool) -> Bool {
        !hasJobs && !isReconciling || health.gone != nil || !health.isTargetReady
    }

    /// Whether the keys have to be looked at again soon.
    var awaitsKeys: Bool { isReconciling || identity.candidate != nil }
}
