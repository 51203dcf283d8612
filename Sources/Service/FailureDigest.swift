import Runtime

/// Keeps repeated failures from flooding the log: the first of a kind goes through, the rest is summarised, at most one
/// line a kind in each interval, with the count and the last example.
///
/// Pure: time is handed in, as monotonic nanoseconds that never go back. Bounded: past its capacity, kinds that are new
/// are counted together as `otherKinds`, and an example is cut after 1,000 characters.
public struct FailureDigest: Sendable {
    /// What was held back of one kind.
    public struct Summary: Sendable, Hashable {
        public let kind: String
        /// How many failures were held back, at least 1.
        public let count: Int
        /// The last of them.
        public let example: String
        /// Since the last line about this kind.
        public let period: Duration
    }

    /// The kind of failures for which there was no room.
    public static let otherKinds = "others"

    private struct Kind {
        var lastWritten: Int64
        var held = 0
        var example = ""
    }

    private let interval: Int64
    private let capacity: Int
    private var kinds: [String: Kind] = [:]

    public init(interval: Duration = .seconds(60), capacity: Int = 256) {
        self.interval = interval.nanoseconds
        self.capacity = max(1, capacity)
    }

    /// Takes notice of a failure. Whether it is to be written now; if not, a summary will count it.
    ///
    /// `kind` groups failures that one line can speak for, such as a mirror's name with an error's kind.
    public mutating func note(kind: String, example: @autoclosure () -> String, now: Int64) -> Bool {
        var kind = kind
        if kinds[kind] == nil, kinds.count >= capacity {
            forgetQuietKinds(now)
            if kinds.count >= capacity { kind = Self.otherKinds }
        }
        guard var known = kinds[kind], known.held > 0 || now - known.lastWritten < interval else {
            kinds[kind] = Kind(lastWritten: now)
            return true
        }
        known.held += 1
        known.example = String(example().prefix(1000))
        kinds[kind] = known
        return false
    }

    /// What is to be summarised now, by kind in the order of names. To be asked every few seconds; a kind's first failure
    /// after a quiet interval goes through by itself.
    public mutating func due(now: Int64) -> [Summary] {
        forgetQuietKinds(now)
        return summaries(now, silentFor: interval)
    }

    /// Everything that was held back and not told yet; for the end of a process.
    public mutating func rest(now: Int64) -> [Summary] {
        summaries(now, silentFor: .min)
    }

    private mutating func summaries(_ now: Int64, silentFor least: Int64) -> [Summary] {
        var summaries: [Summary] = []
        for (name, kind) in kinds where kind.held > 0 && now - kind.lastWritten >= least {
            summaries.append(
                Summary(
                    kind: name, count: kind.held, example: kind.example,
                    period: .nanoseconds(now - kind.lastWritten)))
            kinds[name] = Kind(lastWritten: now)
        }
        return summaries.sorted { $0.kind < $1.kind }
    }

    private mutating func forgetQuietKinds(_ now: Int64) {
        kinds = kinds.filter { $0.value.held > 0 || now - $0.value.lastWritten < interval }
    }
}
