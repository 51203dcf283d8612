import Journal
import Listings
import ObjectModel
import Reactor
import Runtime
import Scratch
import Stores

/// Reads both listings to their ends and marks every key that differs.
struct Reconciler: Sendable {
    private let work: MirrorWork
    private let start: Timestamp
    private let lastGood: LastGood?
    private let began: Int64
    private let marks: Marks
    private let extras: KeySpill
    private let isBackground: Bool
    private let place: Turnstile.Place?

    /// - Parameters:
    ///   - start: now, by the clock of this machine.
    ///   - lastGood: when the last one began that left nothing different.
    ///   - extras: takes the keys that only the target has.
    ///   - isBackground: whether changes are told meanwhile, which go first: the listings take longer then.
    ///   - place: kept as long as pages come and there is room for what they differ in; nil where nobody else waits.
    init(
        _ work: MirrorWork, start: Timestamp, lastGood: LastGood?, marks: Marks, extras: KeySpill,
        isBackground: Bool = false, place: Turnstile.Place? = nil
    ) {
        self.work = work
        began = work.time.now()
        self.start = start
        self.lastGood = lastGood
        self.marks = marks
        self.extras = extras
        self.isBackground = isBackground
        self.place = place
    }

    /// What is marked.
    enum Marks {
        case differences
        /// Every object too whose headers would have to be compared.
        case differencesAndHeaders
        /// Those alone: the differences have just been marked.
        case headers
    }

    /// When the last one began that left nothing different.
    enum LastGood {
        case here(Timestamp)
        /// By the source's clock.
        case atSource(Timestamp)
    }

    func run() async throws {
        let (source, target) = (work.source, work.target)
        let orders = [
            await work.journal.keyOrder(of: source.endpointIdentity) ?? .bytes,
            await work.journal.keyOrder(of: target.endpointIdentity) ?? .bytes,
        ]
        let traversal = Traversal(
            [Traversal.Side(name: source.name, store: source), Traversal.Side(name: target.name, store: target)],
            distance: work.options.distance, pace: pace, work.surroundings)
        do {
            try await traversal.read(orders: orders, learn: learn, begin: begin)
        } catch let disorder as ListingDisorder {
            throw ObjectFailure.impossible(disorder.sentence)
        }
    }

    private func learn(_ disorder: ListingDisorder, _ order: KeyOrder?) async throws {
        let store: any ObjectStore = disorder.side == 0 ? work.source : work.target
        if let order {
            await work.journal.setKeyOrder(order, of: store.endpointIdentity)
        } else {
            work.notice("\(disorder.sentence) It is sorted in a temporary table.")
        }
        work.forgetListing()
        // Listed anew, they would count twice.
        await extras.removeAll()
    }

    private func begin(_ pages: [(any PageReader)?], _ order: KeyOrder) async throws -> MarkingMerge {
        guard pages.count == 2, let left = pages[0], let right = pages[1] else {
            preconditionFailure("a mirror reads two listings")
        }
        var source = ListingCursor(left, prefixLength: work.source.prefixLength)
        var target = ListingCursor(right, prefixLength: work.target.prefixLength)
        try await source.start()
        try await startTarget(&target)
        let options = beginDeciding()
        return MarkingMerge(
            source: source, target: target,
            MarkingMerge.Terms(
                work: work, start: start, extras: extras, marksHeadersOnly: marks == .headers, options: options,
                order: order))
    }

    /// What decisions go by, now that both servers have told their clocks.
    private func beginDeciding() -> DecisionOptions {
        var options = work.options.decisions
        if marks != .differences { options.checksHeaders = true }
        options.clockSkew = skew()
        let startAtSource = startAtSource
        options.headersDoubtfulFrom = lastGood.map { last in
            let moment =
                switch last {
                case .here(let moment): inSourceClock(moment)
                case .atSource(let moment): moment
                }
            // One in the future was taken of a clock that was set since.
            let last = moment <= startAtSource ? moment.seconds : startAtSource.seconds - 86_400
            // Where dates are whole seconds, that second and the one before it may have had more changes than one.
            return Timestamp(seconds: last - 2)
        }
        work.begin(options, start: startAtSource)
        return options
    }

    // MARK: Beside others

    /// The longest rest between two pages, in nanoseconds.
    private static let longestRest: Int64 = 50_000_000
    /// For how long, in nanoseconds, a change that was told makes more of them likely.
    private static let changeRecency: Int64 = 1_000_000_000

    private var pace: Traversal.Pace {
        var pace = Traversal.Pace()
        let work = work
        if isBackground {
            pace.rest = { page in Self.rest(after: page, sinceChange: work.time.now() - work.dirty.lastOffer) }
        }
        if let place { pace.goOn = { try await place.goOn() } }
        return pace
    }

    /// How long to rest after a page that took `page`, where the last change was told `sinceChange` ago; all in nanoseconds.
    static func rest(after page: Int64, sinceChange: Int64) -> Int64 {
        sinceChange < changeRecency ? min(max(0, page), longestRest) : 0
    }

    // MARK: The target's bucket, and clocks

    /// A target without its bucket is an empty one, once the bucket is there.
    private func startTarget(_ cursor: inout ListingCursor) async throws {
        do {
            try await cursor.start()
        } catch let error as StoreError where error.kind == .noSuchBucket {
            if work.options.isDryRun {
                work.notice("The bucket of \(work.target.name) does not exist and would be created.")
            } else {
                try await work.target.create()
            }
        }
    }

    /// How much the source's clock is ahead of the target's, in milliseconds; small differences, which whole seconds
    /// in `Date` headers can feign, are none.
    private func skew() -> Int64 {
        guard let source = work.source.clockOffset, let target = work.target.clockOffset else { return 0 }
        return abs(source - target) > 3000 ? source - target : 0
    }

    /// When this began, by the source's clock as its listing has just told it: ours may have been set meanwhile.
    private var startAtSource: Timestamp {
        let elapsed = (work.time.now() - began) / 1_000_000
        return inSourceClock(Timestamp(milliseconds: work.time.wall().milliseconds - elapsed))
    }

    private func inSourceClock(_ moment: Timestamp) -> Timestamp {
        let offset = work.source.clockOffset ?? 0
        return Timestamp(milliseconds: moment.milliseconds + (abs(offset) > 3000 ? offset : 0))
    }
}
