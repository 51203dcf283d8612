public import ObjectModel
public import Runtime

/// What a run tells while it goes on.
public enum MirrorEvent: Sendable {
    case object(ObjectReport)
    /// Something about the run as a whole that a person should know, one sentence.
    case notice(String)
    /// A deletion guard tripped, for this reason.
    case guarded(String)
}

/// What was done, or is to be done, about one object.
public struct ObjectReport: Hashable, Sendable {
    public enum Action: String, Hashable, Sendable {
        case copy
        case metadata
        case delete
        case skip
    }

    public enum Status: String, Hashable, Sendable {
        case ok
        case failed
        case unproven
        case planned
    }

    public var action: Action
    /// As the source's bucket has it, prefix included.
    public var key: ObjectKey
    /// Bytes; nil where not known.
    public var size: Int64?
    public var etag: ETag?
    public var status: Status
    public var reason: Reason
    /// One sentence, for `failed`.
    public var error: String?
    public var seconds: Double
}

/// A number of objects and their bytes.
public struct Amount: Hashable, Sendable {
    public var objects = 0
    public var bytes: Int64 = 0

    public init() {}

    init(objects: Int, bytes: Int64) {
        self.objects = objects
        self.bytes = bytes
    }

    mutating func add(_ size: Int64) {
        objects += 1
        bytes += size
    }

    mutating func remove(_ size: Int64) {
        objects -= 1
        bytes -= size
    }

    public static func + (left: Amount, right: Amount) -> Amount {
        var sum = left
        sum.objects += right.objects
        sum.bytes += right.bytes
        return sum
    }
}

/// How a run ended.
public struct MirrorSummary: Sendable {
    public enum Status: String, Sendable {
        /// Everything in scope is on the target and proven.
        case ok
        /// Something failed or stays unproven.
        case failed
        /// A deletion guard tripped; copies were done.
        case guarded
        case interrupted
    }

    public var status = Status.ok
    /// In scope, as listed.
    public var source = Amount()
    /// In scope, as listed and then changed by this run.
    public var target = Amount()
    public var same = 0
    public var copied = Amount()
    public var metadata = 0
    public var deleted = 0
    public var failed = 0
    public var unproven = 0
    public var requests: [RequestVerb: Int] = [:]
    public var seconds = 0.0
    /// Why the run as a whole could not be finished: a listing that failed, a server that went away.
    public var error: String?
    /// Whether that was a server out of reach or refusing us.
    public var isServerGone = false
    /// Why nothing was deleted, where a guard tripped.
    public var objection: String?

    public init() {}

    /// The sum over several buckets; the worst status counts.
    public static func + (left: MirrorSummary, right: MirrorSummary) -> MirrorSummary {
        var sum = left
        let order: [Status] = [.ok, .failed, .guarded, .interrupted]
        sum.status = order.last { $0 == left.status || $0 == right.status } ?? .ok
        sum.source = left.source + right.source
        sum.target = left.target + right.target
        sum.same += right.same
        sum.copied = left.copied + right.copied
        sum.metadata += right.metadata
        sum.deleted += right.deleted
        sum.failed += right.failed
        sum.unproven += right.unproven
        sum.requests.merge(right.requests) { $0 + $1 }
        sum.seconds += right.seconds
        sum.error = left.error ?? right.error
        sum.isServerGone = left.isServerGone || right.isServerGone
        sum.objection = left.objection ?? right.objection
        return sum
    }
}

/// How far a run is, for a display that looks at it now and then.
public struct MirrorProgress: Hashable, Sendable {
    /// What is known to have to be done so far, and what of it is.
    public var known = Amount()
    public var done = Amount()
    public var inFlight = 0
    /// Objects of the source seen so far.
    public var listed = 0
    /// Whether the listings are read to their ends, so that `known` is all there is.
    public var isListed = false

    public init() {}
}
