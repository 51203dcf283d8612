import Runtime

/// Which deletions a watch may do, which are held back, and why. Pure.
struct Deletions: Sendable {
    /// What the target has at present.
    struct Present: Hashable, Sendable {
        var objects: Int
        /// Objects that were created there since the watch began.
        var created: Int
    }

    /// Deletions that may be done.
    struct Admitted: Hashable, Sendable {
        /// Counted in the window of the last minutes.
        var measured: Int
        /// Covered by a person's word.
        var approved: Int
        /// Where the window counts them.
        var second: Int64 = 0
    }

    enum Answer: Hashable, Sendable {
        case admitted(Admitted)
        case held(HeldReason, isNew: Bool)
        /// Of how many they would be a part is not known yet.
        case unknown
    }

    /// What a listing showed, in scope.
    struct Found: Hashable, Sendable {
        /// Keys that only the target has.
        var extra: Int
        var source: Int
        var target: Int
    }

    private let limits: DeletionGuard
    private var window: DeletionWindow
    /// Why none is done until a person says so; nil if they are.
    private(set) var paused: HeldReason?
    private(set) var approval: Approval?
    /// Why the last reconcile's, or the last single ones, were not done; nil if they were.
    private(set) var objection: HeldReason?
    /// Told once, though the numbers in it may change with every poll.
    private var isObjectionTold = false
    /// Held back since the last reconcile, and of these since one began to read that goes on.
    private(set) var held = 0
    private var heldMeanwhile = 0
    /// The source was seen empty, or without its bucket, while the target had objects: until most of them are there
    /// again, or a person says so, their absence is believed only where an event told it.
    private(set) var sawEmptySource = false

    init(_ limits: DeletionGuard, window: Duration, now: Int64) {
        self.limits = limits
        self.window = DeletionWindow(length: window, limit: limits, now: now)
    }

    /// Takes up what an earlier process left.
    mutating func recall(paused words: String?, sawEmptySource: Bool) {
        if let words { paused = .pausedBefore(words) }
        self.sawEmptySource = sawEmptySource
    }

    /// Takes note of what was created so far; to be called every minute at least.
    mutating func sample(created: Int, now: Int64) { window.sample(created: created, now: now) }

    // MARK: Single deletions

    /// Counts `count` deletions, or says why they must not be done. `present` is nil while no listing has told.
    ///
    /// | paused | covered by an approval | those that are not | answer |
    /// |---|---|---|---|
    /// | yes | – | – | held |
    /// | no | all | – | admitted |
    /// | no | some, none | of a target that nobody has counted, where that matters | unknown: later |
    /// | no | some, none | pass the window's limit | all are held and paused, and an approval ends: he saw another number |
    /// | no | some, none | within it | admitted |
    mutating func admit(_ count: Int, of present: Present?, now: Int64) -> Answer {
        if let paused { return .held(paused, isNew: false) }
        expire(now)
        let approved = approval?.take(count) ?? 0
        let measured = count - approved
        guard measured > 0 else { return .admitted(Admitted(measured: 0, approved: approved)) }
        let isCounted = if case .count = limits.limit { true } else { false }
        if present == nil, !isCounted {
            approval?.ended(approved, refused: approved)
            return .unknown
        }
        let (objects, created) = (present?.objects ?? 0, present?.created ?? 0)
        if let reason = window.objection(adding: measured, targetObjects: objects, created: created, now: now) {
            paused = reason
            approval = nil
            return .held(reason, isNew: true)
        }
        let second = window.add(measured, created: created, now: now)
        return .admitted(Admitted(measured: measured, approved: approved, second: second))
    }

    /// Deletions that were admitted have ended. Those that the target refused are tried again and must not count each
    /// time; an answer that was lost may mean a deletion.
    mutating func ended(_ admitted: Admitted, refused: Int) {
        let approved = min(refused, admitted.approved)
        approval?.ended(admitted.approved, refused: approved)
        if refused > approved { window.takeBack(refused - approved, of: admitted.second) }
        endApproval()
    }

    /// One was held back. Whether that is the first one since deletions were done.
    mutating func hold(_ reason: HeldReason) -> Bool {
        held += 1
        heldMeanwhile += 1
        guard objection == nil else { return false }
        objection = reason
        return true
    }

    // MARK: Reconciles

    mutating func reconcileBegan() {
        approval?.reconcileBegan()
        heldMeanwhile = 0
    }

    /// Why what a listing found must not be deleted, nil if it may; and whether that has to be told.
    ///
    /// | found | held because |
    /// |---|---|
    /// | anything while deletions are paused | of the pause |
    /// | anything, of a source that is empty | the source is empty: no approval lifts that |
    /// | more than the limit, and not approved | there are too many |
    /// | more than half of the target, of a source that was empty, and not approved against just that | the source was empty |
    mutating func judge(_ found: Found, now: Int64) -> (reason: HeldReason?, isNew: Bool) {
        expire(now)
        let wasDue = approval?.use == .due
        let isApproved = approval?.found(found.extra) ?? false
        let liftsDoubt = isApproved && approval?.liftsDoubt == true
        if found.source == 0, found.target > 0, !limits.allowsEmptySource { _ = noteSource(isEmpty: true) }
        let isPaused = paused != nil
        objection = objection(found, isApproved: isApproved, liftsDoubt: liftsDoubt)
        // Its one chance is over.
        if wasDue, objection != nil { approval = nil }
        endApproval()
        held = objection == nil ? heldMeanwhile : max(found.extra, heldMeanwhile)
        let wasTold = isObjectionTold
        isObjectionTold = objection != nil && (wasTold || !isPaused)
        return (objection, objection != nil && !wasTold && !isPaused)
    }

    private mutating func objection(_ found: Found, isApproved: Bool, liftsDoubt: Bool) -> HeldReason? {
        let doubt = doubt(found, isLifted: liftsDoubt)
        guard found.extra > 0 else { return nil }
        if let paused { return paused }
        var limits = limits
        if isApproved { limits.limit = .percent(100) }
        return limits.objection(deletions: found.extra, targetObjects: found.target, sourceObjects: found.source)
            ?? doubt
    }

    /// Whether a source that was empty a while ago is to be believed now; if so, that it was is forgotten.
    private mutating func doubt(_ found: Found, isLifted: Bool) -> HeldReason? {
        guard !limits.allowsEmptySource, sawEmptySource, found.source > 0 || found.target == 0 else { return nil }
        if !isLifted, found.extra * 2 > found.target {
            return .sourceWasEmpty(objects: found.source, deletions: found.extra, of: found.target)
        }
        sawEmptySource = false
        return nil
    }

    /// The source was seen empty or without its bucket, or not. Whether that is news. What was approved before counts
    /// no more.
    mutating func noteSource(isEmpty: Bool) -> Bool {
        guard sawEmptySource != isEmpty else { return false }
        sawEmptySource = isEmpty
        if isEmpty { approval = nil }
        return true
    }

    // MARK: A person's word

    /// Lets deletions go on that a guard paused or held back; false if there are none.
    ///
    /// That the source is empty is no number that can be approved: a pause ends, and that is all.
    mutating func approve(created: Int, now: Int64) -> Bool {
        guard paused != nil || objection != nil else { return false }
        paused = nil
        window.reset(created: created, now: now)
        isObjectionTold = false
        let isEmpty = objection?.isEmptySource == true
        approval = held > 0 && !isEmpty ? Approval(of: held, liftsDoubt: objection?.isDoubt == true, now: now) : nil
        return true
    }

    private mutating func expire(_ now: Int64) {
        if let approval, now >= approval.deadline { self.approval = nil }
    }

    /// An approval that is used up is none.
    private mutating func endApproval() {
        if approval?.isUsedUp == true { approval = nil }
    }
}
