import Runtime

/// A person's word that deletions which a guard held back are meant: so many as he saw, once, for a while.
///
/// For example: 150 deletions are held, and a person says `resume-deletes`. The next reconcile that begins finds 140:
/// they are approved, and each that is done uses up one. Had it found 151, none would be: he saw another number.
struct Approval: Hashable, Sendable {
    enum Use: Hashable, Sendable {
        /// No reconcile has begun since.
        case given
        /// One has, which may use it up.
        case due
        /// One has found the deletions again: so many are not begun yet, and so many are under way.
        case granted(left: Int, underWay: Int)
    }

    /// How long it holds, in nanoseconds.
    static let term: Int64 = 3_600_000_000_000

    /// How many deletions were held when it was given.
    let seen: Int
    /// Until when it holds, in monotonic nanoseconds.
    let deadline: Int64
    /// Whether it was given against the doubt about a source that was empty a while ago.
    let liftsDoubt: Bool
    private(set) var use = Use.given

    init(of seen: Int, liftsDoubt: Bool, now: Int64) {
        self.seen = seen
        self.liftsDoubt = liftsDoubt
        deadline = now + Self.term
    }

    /// A reconcile begins to read.
    mutating func reconcileBegan() {
        if use == .given { use = .due }
    }

    /// A reconcile found `count` deletions to be done. Whether they are approved; nil if this has nothing to say of
    /// them.
    mutating func found(_ count: Int) -> Bool? {
        switch use {
        case .given: return nil
        case .due:
            use = .granted(left: count <= seen ? count : 0, underWay: 0)
            return count > 0 && count <= seen
        case .granted(let left, let underWay):
            // What is not found any more needs no word.
            use = .granted(left: min(left, count), underWay: underWay)
            return count > 0 && count <= left + underWay
        }
    }

    /// Takes up to `count` deletions out, which are under way from now on; how many it covers.
    mutating func take(_ count: Int) -> Int {
        guard case .granted(let left, let underWay) = use else { return 0 }
        let covered = min(left, count)
        use = .granted(left: left - covered, underWay: underWay + covered)
        return covered
    }

    /// `count` of those under way have ended, of which `refused` were not done and may be tried again.
    mutating func ended(_ count: Int, refused: Int) {
        guard case .granted(let left, let underWay) = use else { return }
        // Those that an approval before this one covered are none of its.
        let mine = min(count, underWay)
        use = .granted(left: left + min(refused, mine), underWay: underWay - mine)
    }

    /// Whether nothing is left of it.
    var isUsedUp: Bool { use == .granted(left: 0, underWay: 0) }
}
