public import Listings
public import ObjectModel

/// What an audit looks at, and how closely.
public struct AuditOptions: Sendable {
    /// How far it goes beyond listings.
    public enum Depth: Hashable, Sendable {
        /// Listings alone, and a second look at what they show to differ.
        case listings
        /// Reads what listings leave open.
        case resolving
        /// Reads every byte of every place.
        case everything
        /// Reads a random part of the keys, drawn by the seed.
        case sample(AuditSummary.Sample)
    }

    public var depth = Depth.listings
    /// Whether what `depth` leaves out, but listings leave open, is read too.
    public var resolves = false
    /// Compares headers, user metadata and tags of every key.
    public var checksMetadata = false
    /// How long what differs is given to become equal before it is looked at again.
    public var settle = Duration.zero
    public var filter = Filter.everything
    /// The keys that are APKs, by their names without the prefix.
    public var packages: [Glob] = []
    /// Reports identical keys too.
    public var reportsIdentical = false
    /// A bucket that is not there counts as an empty one: it is one of all buckets of a server.
    public var takesMissingForEmpty = false
    /// What findings' keys have before the key in the bucket.
    public var keyPrefix = ObjectKey(bytes: [])

    /// Whether long listings are cut as those of a distant server are.
    var distance = Traversal.Distance.measured

    public init() {}
}
