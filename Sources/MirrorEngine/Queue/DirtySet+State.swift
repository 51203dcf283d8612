import ObjectModel

extension DirtySet {
    enum Lane {
        case urgent
        case bulk
        /// Headers to compare, of objects that are there on both sides.
        case leisure
    }

    /// Keys in the order they came. One that no longer waits is skipped when its turn comes.
    struct Line {
        private var keys: [ObjectKey] = []
        private var head = 0

        mutating func append(_ key: ObjectKey) { keys.append(key) }

        mutating func popFirst() -> ObjectKey? {
            guard head < keys.count else { return nil }
            let key = keys[head]
            head += 1
            if head > 1024 || head == keys.count {
                keys.removeFirst(head)
                head = 0
            }
            return key
        }

        mutating func removeAll() {
            keys = []
            head = 0
        }
    }

    struct State {
        struct Waiting {
            var job: Job
            /// Since when the key is known to differ, perhaps; monotonic nanoseconds.
            var since: Int64
            var lane: Lane
        }

        struct Flight {
            var since: Int64
            let isRemoval: Bool
            let listing: Int?
            let lane: Lane
            /// What came meanwhile.
            var again: (job: Job, since: Int64)?
        }

        struct Retry {
            var job: Job
            var since: Int64
            var due: Int64
            /// Whether it failed because of the server's condition, not its own.
            var isCondition: Bool
        }

        /// Jobs in flight at most.
        let width: Int
        var urgent = Line()
        var bulk = Line()
        var leisure = Line()
        /// Turns that went to the urgent lane while the other one waited.
        var urgentTurns = 0
        var waiting: [ObjectKey: Waiting] = [:]
        var inFlight: [ObjectKey: Flight] = [:]
        /// Of those that wait, and of those in flight.
        private var leisureWaiting = 0
        private var leisureInFlight = 0
        var retrying: [ObjectKey: Retry] = [:]
        var isGated = false
        var permits = 0
        var isEnding = false
        /// Nothing is taken in any more.
        var isCleared = false
        var lastOffer: Int64 = 0
        var consumer: CheckedContinuation<Void, Never>?
        var producers: [CheckedContinuation<Void, Never>] = []

        init(width: Int) {
            self.width = width
        }

        /// Comparisons in flight at most beside changes, of which each needs two answers soon.
        private static let leisureWidth = 8
        /// For how long, in nanoseconds, a change that was told makes more of them likely.
        private static let changeRecency: Int64 = 1_000_000_000

        private func mayCompare(now: Int64) -> Bool {
            leisureInFlight < Self.leisureWidth || now - lastOffer >= Self.changeRecency
        }

        var isSettled: Bool { waiting.isEmpty && inFlight.isEmpty && retrying.isEmpty }

        private var mayStart: Bool { isGated ? permits > 0 : inFlight.count < width }

        func hasNext(now: Int64) -> Bool {
            guard mayStart else { return false }
            if waiting.count > leisureWaiting { return true }
            return leisureWaiting > 0 && (isGated || mayCompare(now: now))
        }

        mutating func add(_ job: Job, _ lane: Lane, since: Int64) {
            if isCleared { return }
            if var flight = inFlight[job.key] {
                var again = Job(key: job.key)
                again.isRemoval = job.isKnownRemoval(knownBefore: flight.again?.job.isRemoval ?? flight.isRemoval)
                again.listing = job.listing ?? flight.again?.job.listing ?? flight.listing
                flight.again = (again, min(since, flight.again?.since ?? since))
                // One that comes back from disk may be known for longer than the one that is worked.
                flight.since = min(flight.since, since)
                inFlight[job.key] = flight
            } else if let known = waiting[job.key] {
                merge(job, known, since)
            } else {
                var job = job
                var since = since
                if let retry = retrying[job.key] {
                    if lane == .bulk, !retry.isCondition, job.showsNothingNew(since: retry.job) { return }
                    retrying[job.key] = nil
                    since = min(since, retry.since)
                    job.isRemoval = job.isKnownRemoval(knownBefore: retry.job.isRemoval)
                    job.listing = job.listing ?? retry.job.listing
                    job.attempt = max(job.attempt, retry.job.attempt)
                }
                let lane = lane == .bulk && job.decision == .compareHeaders ? .leisure : lane
                waiting[job.key] = Waiting(job: job, since: since, lane: lane)
                append(job.key, lane)
                if lane == .leisure { leisureWaiting += 1 }
            }
        }

        /// A key that waits is marked once more. What an event tells comes after what was known before.
        private mutating func merge(_ job: Job, _ known: Waiting, _ since: Int64) {
            var merged = known
            merged.since = min(known.since, since)
            merged.job.listing = job.listing ?? known.job.listing
            if job.decision == nil {
                merged.job.isRemoval = job.isKnownRemoval(knownBefore: known.job.isRemoval)
                if known.lane != .urgent {
                    merged.job.decision = nil
                    merged.lane = .urgent
                    append(job.key, .urgent)
                }
            } else if known.job.decision != nil {
                // A later listing.
                merged.job = job
                merged.job.attempt = known.job.attempt
                merged.job.isRemoval = known.job.isRemoval
                if known.lane == .leisure, job.decision != .compareHeaders {
                    merged.lane = .bulk
                    append(job.key, .bulk)
                }
            }
            if known.lane == .leisure, merged.lane != .leisure { leisureWaiting -= 1 }
            waiting[job.key] = merged
        }

        private mutating func append(_ key: ObjectKey, _ lane: Lane) {
            switch lane {
            case .urgent: urgent.append(key)
            case .bulk: bulk.append(key)
            case .leisure: leisure.append(key)
            }
        }

        mutating func takeNext(now: Int64) -> Job? {
            guard hasNext(now: now) else { return nil }
            if isGated, let fresh = newestFresh { return start(fresh) }
            let order: [Lane] = urgentTurns < 3 ? [.urgent, .bulk, .leisure] : [.bulk, .leisure, .urgent]
            for lane in order where lane != .leisure || mayCompare(now: now) {
                guard let entry = pop(lane) else { continue }
                urgentTurns = lane == .urgent ? urgentTurns + 1 : 0
                return start(entry)
            }
            return nil
        }

        /// The key that has least to do with those that failed: keys that came together may fail together.
        private var newestFresh: Waiting? {
            waiting.values.lazy.filter { $0.job.attempt == 0 }.max { $0.since < $1.since }
        }

        private mutating func start(_ entry: Waiting) -> Job {
            if isGated { permits = 0 }
            waiting[entry.job.key] = nil
            inFlight[entry.job.key] = Flight(
                since: entry.since, isRemoval: entry.job.isRemoval, listing: entry.job.listing, lane: entry.lane)
            if entry.lane == .leisure {
                leisureWaiting -= 1
                leisureInFlight += 1
            }
            return entry.job
        }

        private mutating func pop(_ lane: Lane) -> Waiting? {
            while let key = popKey(lane) {
                if let entry = waiting[key], entry.lane == lane { return entry }
            }
            return nil
        }

        private mutating func popKey(_ lane: Lane) -> ObjectKey? {
            switch lane {
            case .urgent: urgent.popFirst()
            case .bulk: bulk.popFirst()
            case .leisure: leisure.popFirst()
            }
        }

        private mutating func endFlight(of key: ObjectKey) -> Flight? {
            guard let flight = inFlight.removeValue(forKey: key) else { return nil }
            if flight.lane == .leisure { leisureInFlight -= 1 }
            return flight
        }

        mutating func settle(_ key: ObjectKey) {
            guard let flight = endFlight(of: key), let again = flight.again else { return }
            add(again.job, .urgent, since: again.since)
        }

        mutating func retryLater(_ job: Job, _ retry: Retry) {
            guard let flight = endFlight(of: job.key), !isCleared else { return }
            if let again = flight.again {
                var next = again.job
                next.attempt = job.attempt
                add(next, .urgent, since: flight.since)
            } else {
                var retry = retry
                retry.since = flight.since
                retrying[job.key] = retry
            }
        }

        mutating func putBack(_ job: Job) {
            guard let flight = endFlight(of: job.key) else { return }
            var next = flight.again?.job ?? job
            next.attempt = job.attempt
            add(next, .urgent, since: flight.since)
        }

        mutating func wake(_ retry: Retry) {
            retrying[retry.job.key] = nil
            add(retry.job, .urgent, since: retry.since)
        }

        mutating func clear() -> [CheckedContinuation<Void, Never>] {
            urgent.removeAll()
            bulk.removeAll()
            leisure.removeAll()
            leisureWaiting = 0
            waiting = [:]
            retrying = [:]
            isEnding = true
            isCleared = true
            defer { producers = [] }
            return producers
        }

        /// All that is not settled; what is in flight counts until it is.
        var unsettled: [(job: Job, since: Int64)] {
            waiting.values.map { ($0.job, $0.since) } + retrying.values.map { ($0.job, $0.since) }
                + inFlight.map { key, flight in
                    var job = flight.again?.job ?? Job(key: key)
                    if flight.again == nil {
                        job.isRemoval = flight.isRemoval
                        job.listing = flight.listing
                    }
                    return (job, flight.since)
                }
        }
    }
}

extension Job {
    /// Whether the key is known to be removed from the source once this is marked too, where that was `knownBefore` or not. A
    /// listing that lacks the key tells nothing of why, so it leaves what was known; anything else is newer knowledge.
    fileprivate func isKnownRemoval(knownBefore: Bool) -> Bool {
        reason == .extra ? knownBefore || isRemoval : isRemoval
    }

    /// Whether a listing shows what failed before, and no more.
    fileprivate func showsNothingNew(since failed: Job) -> Bool {
        source == failed.source && (source != nil || reason == .extra && failed.reason == .extra)
    }
}
