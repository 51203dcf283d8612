/// What is deleted, what is held back, and what a person says of it.
extension WatchState {
    mutating func admit(
        _ count: Int, of present: Deletions.Present?, _ now: Int64, _ effects: inout [WatchEffect]
    ) {
        let answer = deletions.admit(count, of: present, now: now)
        if case .held(let reason, isNew: true) = answer {
            effects.append(.remember(.deletesPaused, reason.description))
            effects.append(.tell(.deletesPaused(reason.description)))
        }
        effects.append(.deletions(answer))
    }

    mutating func hold(_ reason: HeldReason, _ effects: inout [WatchEffect]) {
        identity.doubt()
        let isNew = deletions.hold(reason)
        if reason.isEmptySource { noteEmptySource(&effects) }
        // The key may have been looked at just before its removal was told: a reconcile says whether anything is held.
        if isNew, deletions.paused == nil { reconciles.wishes.wish(.retry) }
    }

    /// The source was seen empty, or without its bucket: it is not to be believed when it lacks most of what the target
    /// has, after a restart too.
    mutating func noteEmptySource(_ effects: inout [WatchEffect]) {
        if deletions.noteSource(isEmpty: true) { effects.append(.remember(.emptySource, "1")) }
    }

    func rememberSource(_ saw: Bool, _ effects: inout [WatchEffect]) {
        guard deletions.sawEmptySource != saw else { return }
        effects.append(.remember(.emptySource, deletions.sawEmptySource ? "1" : nil))
    }

    mutating func approve(created: Int, _ now: Int64, _ effects: inout [WatchEffect]) {
        let wasPaused = deletions.paused != nil
        guard deletions.approve(created: created, now: now) else { return }
        if wasPaused { effects.append(.remember(.deletesPaused, nil)) }
        effects.append(.tell(.deletesResumed))
        reconciles.wishes.wish(.request)
    }
}
