public import Listings
public import ObjectModel
public import Runtime

/// What a mirror run is asked to do.
public struct MirrorOptions: Sendable {
    /// Deletes what only the target has.
    public var removes = false
    public var overwrites = true
    /// Plans and reports, changes nothing.
    public var isDryRun = false
    public var comparison = ComparisonMode.etag
    public var checksHeaders = false
    /// Reports objects that are the same as well, one by one.
    public var reportsSame = false
    public var filter = Filter()
    /// Jobs at once; nil leaves it to the servers' limits.
    public var maxWorkers: Int?
    /// Tries of one object, 1 or more.
    public var attempts = 5
    public var backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))
    public var deletionGuard = DeletionGuard()
    /// Where what is replaced or deleted is kept, a key prefix in the target's bucket; nil keeps nothing.
    public var trash: ObjectKey?
    /// Up to here, in bytes, an object is held and sent in one piece; larger ones are relayed.
    package var heldLimit = ObjectCopier.heldLimit
    /// In bytes, what parts of our own making are multiples of.
    package var partUnit = PartLayout.ownUnit
    /// Whether long listings are cut as those of a distant server are.
    package var distance = Traversal.Distance.measured

    public init() {}

    /// What decisions take from the options.
    var decisions: DecisionOptions {
        var decisions = DecisionOptions()
        decisions.comparison = comparison
        decisions.overwrites = overwrites
        decisions.checksHeaders = checksHeaders
        return decisions
    }
}

/// When a run's deletions are too many to be meant.
public struct DeletionGuard: Hashable, Sendable {
    public enum Limit: Hashable, Sendable {
        /// Of the target's objects in scope, 0 to 100; counts once more than `floor` deletions are due.
        case percent(Double)
        case count(Int)
    }

    public var limit = Limit.percent(50)
    /// Deletions up to this number are not measured by a percentage; 0 where the user gave one.
    public var floor = 100
    /// Whether an empty source may empty the target.
    public var allowsEmptySource = false

    public init() {}

    /// Why `deletions` of a target with `targetObjects` must not be done, or nil.
    func objection(deletions: Int, targetObjects: Int, sourceObjects: Int) -> HeldReason? {
        guard deletions > 0 else { return nil }
        if sourceObjects == 0, targetObjects > 0, !allowsEmptySource {
            return .emptySource(targetObjects: targetObjects)
        }
        switch limit {
        case .count(let most): return deletions > most ? .tooMany(deletions, most: most) : nil
        case .percent(let most):
            guard deletions > floor, Double(deletions) > Double(targetObjects) * most / 100 else { return nil }
            return .tooGreatAPart(deletions, of: targetObjects, most: most)
        }
    }
}
