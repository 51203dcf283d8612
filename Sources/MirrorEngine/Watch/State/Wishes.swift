/// Several reasons for one reconcile.
struct ReconcileReasons: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let request = Self(rawValue: 1)
    static let start = Self(rawValue: 2)
    static let gap = Self(rawValue: 4)
    static let retry = Self(rawValue: 8)
    static let schedule = Self(rawValue: 16)
    static let poll = Self(rawValue: 32)
}

/// What reconciles are wanted for: a set, so that no wish overwrites another one.
///
/// | wish | who makes it | needs a feed that is up | after a failure |
/// |---|---|---|---|
/// | request | a person | no | at once, until it has been tried itself |
/// | start | the watch's beginning | yes: the stream first, then the listings | after a pause |
/// | gap | a feed that is up (again), polls in the place of a stream, a key that found no room, a target without its bucket | yes | after a pause |
/// | retry | a deletion that is held back for the first time | yes | after a pause |
/// | schedule, poll | the clock: no wishes, but taken along | yes | after a pause |
///
/// A reconcile takes out what was wished before it began to read, as far as it may be done then; what is wished later
/// survives it and brings another one. One that fails puts back all that it took. It is told under the first name of
/// the table's order; but what has been tried is told as `retry`, except a start.
struct Wishes: Hashable, Sendable {
    /// Wished, and not tried yet.
    private(set) var fresh: ReconcileReasons
    /// Tried by a reconcile that failed.
    private(set) var tried: ReconcileReasons = []

    init(_ fresh: ReconcileReasons = []) { self.fresh = fresh }

    var isEmpty: Bool { fresh.isEmpty && tried.isEmpty }

    var all: ReconcileReasons { fresh.union(tried) }

    mutating func wish(_ reasons: ReconcileReasons) { fresh.formUnion(reasons) }

    /// Takes out what a reconcile that begins now satisfies: all of it where a feed `isUp`, else what a person asked
    /// for.
    mutating func take(isUp: Bool) -> Wishes {
        let satisfied: ReconcileReasons = isUp ? all : .request
        var taken = Wishes(fresh.intersection(satisfied))
        taken.tried = tried.intersection(satisfied)
        fresh.subtract(satisfied)
        tried.subtract(satisfied)
        return taken
    }

    /// Takes along what `other` took out.
    mutating func join(_ other: Wishes) {
        fresh.formUnion(other.fresh)
        tried.formUnion(other.tried)
    }

    /// A reconcile failed that had taken `taken` out.
    mutating func putBack(_ taken: Wishes) { tried.formUnion(taken.all) }

    /// Under which name a reconcile for these is told.
    var name: ReconcileReason {
        if fresh.contains(.request) { return .request }
        if all.contains(.start) { return .start }
        if fresh.contains(.gap) { return .gap }
        if fresh.contains(.retry) || !tried.isEmpty { return .retry }
        return fresh.contains(.schedule) ? .schedule : .poll
    }
}
