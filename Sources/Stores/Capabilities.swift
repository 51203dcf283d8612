public import ObjectModel

/// What a store can do, as data: nobody above asks for a product's name. What is not known beforehand is learnt from answers.
public struct Capabilities: Sendable, Hashable {
    /// The order in which it lists, where that is known beforehand; nil: it is found out.
    public var listingOrder: KeyOrder?
    /// Whether its ETags can be digests of the bytes at all.
    public var hasDigestETags = true
    /// Whether it refuses a write whose condition does not hold; nil: not known.
    public var honoursConditionalWrites: Bool?
    /// Whether it copies within itself, so that headers change and histories are kept without moving bytes.
    public var copiesWithin = true
    /// Objects that one call of `delete` takes.
    public var deletesAtOnce = 1000
    /// Whether it keeps content headers and user metadata, and tags.
    public var keepsMetadata = true
    public var keepsTags = true
    /// Whether it keeps versions; nil: not known.
    public var hasVersions: Bool?
    /// Whether an object can be sent in parts.
    public var hasParts = true
    /// The largest object that one write takes, in bytes.
    public var largestWrite: Int64 = 5 << 30
    /// The longest key, in bytes.
    public var longestKey = 1024

    public init() {}
}
