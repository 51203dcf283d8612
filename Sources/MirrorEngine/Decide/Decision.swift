public import Journal
public import ObjectModel

/// Why an object is looked at: the `reason` of the report.
public enum Reason: String, Hashable, Sendable {
    case missing
    case size
    case etag
    case content
    case metadata
    case extra
    /// The ETags cannot be compared and nothing else proves that the bytes are equal.
    case incomparable
    /// It differs, but `--no-overwrite` keeps what is there.
    case exists
    /// Nothing to do.
    case same
}

/// How bytes are told to be the same.
public enum ComparisonMode: String, Hashable, Sendable, CaseIterable {
    /// By size and ETag.
    case etag
    /// By size alone.
    case size
    /// By size and ETag, and where ETags cannot be compared by reading both sides.
    case content
    /// By reading both sides, whatever ETags say: it finds what rotted on a disk.
    case bytes
}

/// What to do about one key.
public enum Decision: Hashable, Sendable {
    case same
    case copy(Reason)
    /// The bytes are the same; whether the headers are takes a HEAD of both sides.
    case compareHeaders
    /// Reading both sides tells.
    case compareContent
    /// Only the target has it.
    case extra
    /// Not touched, and not proven to be the same.
    case unproven(Reason)
}

/// What a decision depends on besides the two states.
public struct DecisionOptions: Hashable, Sendable {
    public var comparison = ComparisonMode.etag
    /// False keeps what the target has, even where it differs.
    public var overwrites = true
    /// Compare headers of every object, not only where the source is newer.
    public var checksHeaders = false
    /// Milliseconds to take from the source's dates before they are compared with the target's.
    public var clockSkew: Int64 = 0
    /// Since then (the source's clock) headers may have changed while an earlier run was copying; nil: no such run.
    public var headersDoubtfulFrom: Timestamp?

    public init() {}
}

extension Decision {
    /// Decides about one key from what both sides say of it and from the pair that the journal has proven, if any.
    ///
    /// | source | target | size | ETags | journal | dates | options | decision |
    /// |---|---|---|---|---|---|---|---|
    /// | – | any | | | | | | `extra` |
    /// | there | – | | | | | | `copy(missing)` |
    /// | there | there | differ | | | | | `copy(size)` |
    /// | there | there | equal | | | | `size` | `same`, headers as below |
    /// | there | there | equal | not comparable or equal | | | `bytes` | `compareContent` |
    /// | there | there | equal | equal digests | | | | `same`, headers as below |
    /// | there | there | equal | not equal | proven pair | | | `same`, headers as below |
    /// | there | there | equal | comparable, differ | – | | | `copy(etag)` |
    /// | there | there | equal | incomparable | – | source later | | `copy(etag)` |
    /// | there | there | equal | incomparable | – | target not older | `content` | `compareContent` |
    /// | there | there | equal | incomparable | – | target not older | otherwise | `unproven(incomparable)` |
    ///
    /// Equal ETags that are no digests of the bytes (`opaque`) are incomparable: a server may give two objects the same one.
    /// A pair is proven while both ETags and the size stay; on a side whose ETag is no digest the date must stay as well,
    /// and `content` reads objects without ETags whatever is recorded.
    /// Headers: `same` becomes `compareHeaders` where the source is later than the target, or than
    /// `headersDoubtfulFrom`, unless the journal has proven this pair as of the source's date; always with `checksHeaders`.
    /// Without `overwrites` every copy over an existing object becomes `unproven(exists)`.
    public static func decide(
        source: ObjectState?, target: ObjectState?, provenPair: ProvenPair? = nil, options: DecisionOptions
    ) -> Decision {
        guard let source else { return .extra }
        guard let target else { return .copy(.missing) }
        func replace(_ reason: Reason) -> Decision { options.overwrites ? .copy(reason) : .unproven(.exists) }

        guard source.size == target.size else { return replace(.size) }
        let mustRead = options.comparison == .content && (source.etag.isAbsent || target.etag.isAbsent)
        let isPair = provenPair.map { provesBytes($0, source, target) } ?? false
        if isPair, mustRead { return .compareContent }
        if options.comparison == .bytes, source.etag == target.etag || !source.etag.isComparable(with: target.etag) {
            return .compareContent
        }
        let isProven = isPair && provenPair.map { hasDate($0, of: source) } ?? false
        let isLater = isLater(source, target, options)
        if source.etag == target.etag && source.etag.isDigest || isPair || options.comparison == .size {
            if options.checksHeaders { return .compareHeaders }
            let isDoubtful =
                isLater || options.headersDoubtfulFrom.map { source.lastModified.isVisiblyLater(than: $0) } ?? false
            return isDoubtful && !isProven && options.overwrites ? .compareHeaders : .same
        }
        if source.etag.isComparable(with: target.etag) || isLater { return replace(.etag) }
        return options.comparison == .content ? .compareContent : .unproven(.incomparable)
    }

    /// Whether the headers of an object whose bytes were just read, and found to be the same on both sides, are to be
    /// compared as well.
    static func comparesHeaders(
        _ source: ObjectState, _ target: ObjectState, provenPair: ProvenPair?, options: DecisionOptions
    ) -> Bool {
        var options = options
        options.comparison = .size
        return decide(source: source, target: target, provenPair: provenPair, options: options) == .compareHeaders
    }

    /// Whether `pair` says that these two states have the same bytes. Where the ETag is no digest, only the date tells that
    /// it is still the same object: a server may give other bytes the same one.
    static func provesBytes(_ pair: ProvenPair, _ source: ObjectState, _ target: ObjectState) -> Bool {
        pair.sourceETag == source.etag && pair.sourceSize == source.size && pair.targetETag == target.etag
            && (source.etag.isDigest || hasDate(pair, of: source))
            && (target.etag.isDigest || hasTargetDate(pair, target))
    }

    /// Whether `pair` was proven for the source as of this very date, headers included.
    private static func hasDate(_ pair: ProvenPair, of source: ObjectState) -> Bool {
        pair.sourceLastModified.isVisiblyEqual(to: source.lastModified)
    }

    /// Of a pair that an older version recorded without the target's date, an ETag has to do.
    private static func hasTargetDate(_ pair: ProvenPair, _ target: ObjectState) -> Bool {
        pair.targetLastModified.map { $0.isVisiblyEqual(to: target.lastModified) } ?? !target.etag.isAbsent
    }

    static func isLater(_ source: ObjectState, _ target: ObjectState, _ options: DecisionOptions) -> Bool {
        Timestamp(milliseconds: source.lastModified.milliseconds - options.clockSkew)
            .isVisiblyLater(than: target.lastModified)
    }
}
