public import ObjectModel

/// What to look at for one key: hints from whoever marked it.
public struct Job: Sendable, Hashable {
    public var key: ObjectKey
    /// As the listings had it; nil where a side was not seen, so that only a HEAD tells.
    public var source: ObjectState?
    public var target: ObjectState?
    /// What the listings let decide; nil: look at both sides and decide then.
    public var decision: Decision?
    /// Why it was marked, where that is known and the decision is not.
    public var reason: Reason?
    /// Whether the source itself told that a client removed it: an absence that no lost disk explains.
    public var isRemoval = false
    /// The number of the reconcile whose listings showed it last, from 1; 0 for one of an earlier process, nil if only
    /// events told.
    public var listing: Int?
    /// Failed tries so far.
    public var attempt = 0

    public init(
        key: ObjectKey, source: ObjectState? = nil, target: ObjectState? = nil, decision: Decision? = nil,
        reason: Reason? = nil
    ) {
        self.key = key
        self.reason = reason
        self.source = source
        self.target = target
        self.decision = decision
    }
}
