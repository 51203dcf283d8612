import MirrorEngine
import ObjectModel

/// What a deletion must not be done for: a source that may have lost its objects, a pause that nobody ended.
extension Judge {
    /// What the judge remembers for that.
    struct Doubts {
        /// Keys of the mirror that the source has, and since when it has none.
        var present = 0
        var emptySince: Int64?
        /// By state file: which watch was paused, and when that was seen first and last.
        var paused: [String: (process: Int, since: Int64, until: Int64)] = [:]
    }

    /// Each change of the source.
    func seeSource(_ key: ObjectKey, _ before: Version?, _ change: Past.Change) {
        guard key.hasPrefix(round.plan.sourcePrefix) else { return }
        if before == nil, change.version != nil { doubts.present += 1 }
        if before != nil, change.version == nil { doubts.present -= 1 }
        doubts.emptySince = doubts.present > 0 ? nil : doubts.emptySince ?? change.time
    }

    /// What a watch tells now of whether its deletions are paused.
    func seePause(_ instance: Instance) {
        guard let path = instance.statePath, let status = instance.watch?.status else { return }
        let known = doubts.paused[path]
        if status.deletesPaused == nil {
            if known?.process == instance.process.id { doubts.paused[path] = nil }
        } else {
            doubts.paused[path] = (instance.process.id, known?.since ?? round.world.now, round.world.now)
        }
    }

    func judgeDoubts(
        _ key: ObjectKey, _ original: ObjectKey, _ sent: Int64, _ instance: Instance, _ change: Past.Change
    ) {
        let id = instance.process.id
        let look = sent - Self.lookAge
        if let since = round.source.bucketGoneSince, since <= look {
            fail("no deletion on doubt", "process \(id) deleted it while the source had no bucket", key: key)
        }
        let isTold = round.source.past.changes[original]?.contains { $0.version == nil && $0.cause.isTold } ?? false
        let limit = instance.kind == .run ? min(look, instance.began) : look
        if let since = doubts.emptySince, since <= limit, !isTold, !round.plan.options.deletionGuard.allowsEmptySource {
            fail("no deletion on doubt", "process \(id) deleted it while the source was empty", key: key)
        }
        if instance.kind == .watch, let path = instance.statePath, let paused = doubts.paused[path],
            paused.process != id, sent > paused.since, paused.until > paused.since + 2_000_000_000, !round.hasLostState,
            !round.weather.has(.diskFull), !round.weather.has(.stateReadOnly)
        {
            fail(
                "guard", "process \(id) deleted it, and deletions were paused since process \(paused.process)", key: key
            )
        }
    }

    /// What is replaced or deleted was kept before, unless it came when the request was on its way.
    func judgeKept(_ key: ObjectKey, _ before: Version?, _ sent: Int64, _ change: Past.Change, _ trash: ObjectKey) {
        guard let before, change.version?.bytes != before.bytes else { return }
        let came = round.target.past.changes[key]?.last { $0.version?.number == before.number }?.time ?? .max
        guard came < sent - 60_000_000_000 else { return }
        if round.target.past.hasHad(before.bytes, at: key.prefixed(by: trash)) { return }
        fail("trash", "version \(before.number) went, and nothing kept it", key: key)
    }
}

/// What is told is mirrored soon, and does not wait for the next reconcile.
extension Judge {
    /// Nanoseconds from the calm on. Late writes are looked for so long, and a key that failed may rest.
    static let promptly: Int64 = 400_000_000_000
    private var isAllTold: Bool {
        let (plan, weather) = (round.plan, round.weather)
        guard plan.isTold else { return false }
        // Of those that fail for their own reasons, too many are forgotten until a reconcile.
        if plan.watch.retryLimit < 100, weather.has(.damaged) { return false }
        let patience =
            weather.has(.orderlyEnd) || weather.has(.kill) && !plan.keepsState
            ? WorldStore.patience : weather.has(.kill) ? 50_000_000_000 : 280_000_000_000
        return round.world.longestDelay < patience
    }

    func judgePromptness(_ watch: Instance?) {
        guard isAllTold else { return }
        for difference in differences(watch) where difference.promise == "convergence" {
            fail("promptness", "long after all was told, \(difference.sentence)", key: difference.key)
        }
    }
}
