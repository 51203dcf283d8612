public import ObjectModel
public import Runtime

/// How an audit ended.
public struct AuditSummary: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case identical
        case different
        /// Nothing is known to differ, and not everything is known to be identical.
        case unverifiable
        /// A place could not be read to its end, or keys could not be looked at.
        case incomplete
    }

    public struct Place: Hashable, Sendable {
        /// As it was given.
        public var name: String
        public var objects = 0
        public var bytes: Int64 = 0
        /// Why it was not read to its end, one sentence; nil if it was.
        public var error: String?
        /// Whether sizes are known: a manifest has none.
        public var hasSizes = true

        public init(name: String) { self.name = name }
    }

    public var status = Status.identical
    /// In the order given; the first one that was reached is the reference.
    public var places: [Place] = []
    /// Keys in scope, over all places.
    public var compared = 0
    public var identical = 0
    public var differs = 0
    public var missing = 0
    public var extra = 0
    public var unverifiable = 0
    public var errors = 0
    /// Keys of which this is true on at least one place, so that one key counts under each of its states.
    public var onAnyPlace: [Finding.State: Int] = [:]
    /// Keys whose bytes were read.
    public var read = 0
    public var bytesRead: Int64 = 0
    /// APKs with problems, and packages that do not agree or are not as expected.
    public var packageProblems = 0
    /// Packages by name, and the APKs that were looked into, each on each place.
    public var packages = 0
    public var apks = 0
    /// Packages that are not as `--expect` wants them.
    public var unmetExpectations = 0
    public var requests: [RequestVerb: Int] = [:]
    public var seconds = 0.0
    /// When it began, by this machine's clock.
    public var start = Timestamp(milliseconds: 0)
    /// Of `--sample`: the share from 0 to 1 that was read, and what it was drawn with.
    public var sample: Sample?
    /// Whether a signal ended it before its time.
    public var isInterrupted = false
    /// Whether flags or prefixes say which keys are meant, so that there should be some.
    public var isSelective = false

    public struct Sample: Hashable, Sendable {
        public var share: Double
        public var seed: UInt64

        public init(share: Double, seed: UInt64) {
            self.share = share
            self.seed = seed
        }
    }

    public init() {}

    /// Takes note of a key on which the places agree.
    mutating func countIdentical() {
        compared += 1
        identical += 1
    }

    /// Takes note of one finding.
    public mutating func count(_ finding: Finding) {
        compared += 1
        for state in finding.states where state != .identical { onAnyPlace[state, default: 0] += 1 }
        switch finding.state {
        case .identical: identical += 1
        case .differs: differs += 1
        case .missing: missing += 1
        case .extra: extra += 1
        case .unverifiable: unverifiable += 1
        case .error: errors += 1
        }
    }

    /// Takes note that the places were not read to their ends, as far as no other reason is known.
    public mutating func noteInterrupt() {
        isInterrupted = true
        for index in places.indices where places[index].error == nil {
            places[index].error = "The audit was interrupted before the listing's end."
        }
    }

    /// Whether keys were meant, and there are none: that says nothing of the places.
    public var isAboutNothing: Bool { isSelective && compared == 0 && places.count > 1 }

    /// Adds what an audit of another bucket of the same places found.
    public mutating func add(_ other: AuditSummary) {
        if places.isEmpty {
            places = other.places
        } else {
            for (index, place) in other.places.enumerated() where index < places.count {
                places[index].objects += place.objects
                places[index].bytes += place.bytes
                places[index].error = places[index].error ?? place.error
                places[index].hasSizes = places[index].hasSizes && place.hasSizes
            }
        }
        compared += other.compared
        identical += other.identical
        differs += other.differs
        missing += other.missing
        extra += other.extra
        unverifiable += other.unverifiable
        errors += other.errors
        read += other.read
        bytesRead += other.bytesRead
        packageProblems += other.packageProblems
        apks += other.apks
        onAnyPlace.merge(other.onAnyPlace) { $0 + $1 }
        isInterrupted = isInterrupted || other.isInterrupted
        sample = sample ?? other.sample
    }

    /// The place that the others are compared with: the first one that was read to its end, if any was.
    public var reference: Int? { places.firstIndex { $0.error == nil } }

    /// Whether any key is in that state on any place.
    public func isAnywhere(_ state: Finding.State) -> Bool { (onAnyPlace[state] ?? 0) > 0 }

    /// The status that the counts and the places add up to.
    ///
    /// | | status |
    /// |---|---|
    /// | a place not read to its end, a key not looked at, or interrupted | incomplete |
    /// | else anything that differs, lacks, exceeds, or a package with problems | different |
    /// | else anything unverifiable, or no key in scope of those that were meant | unverifiable |
    /// | else | identical |
    public var concluded: Status {
        if isInterrupted || errors > 0 || places.contains(where: { $0.error != nil }) { return .incomplete }
        if differs + missing + extra + packageProblems > 0 { return .different }
        return unverifiable > 0 || isAboutNothing ? .unverifiable : .identical
    }
}
