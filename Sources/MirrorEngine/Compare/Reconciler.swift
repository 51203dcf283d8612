import Journal
import Listings
import ObjectModel
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

    /// - Parameters:
    ///   - start: now, by the clock of this machine.
    ///   - lastGood: when the last one began that left nothing different.
    ///   - extras: takes the keys that only the target has.
    ///   - isBackground: whether changes are told meanwhile, which go first: the listings take longer then.
    init(
        _ work: MirrorWork, start: Timestamp, lastGood: LastGood?, marks: Marks, extras: KeySpill,
        isBackground: Bool = false
    ) {
        self.work = work
        began = work.time.now()
        self.start = start
        self.lastGood = lastGood
        self.marks = marks
        self.extras = extras
        self.isBackground = isBackground
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
        var orders = Orders(
            source: await work.journal.keyOrder(of: work.source.endpointIdentity) ?? .bytes,
            target: await work.journal.keyOrder(of: work.target.endpointIdentity) ?? .bytes)
        // Each side can turn out to be in another order, and then in none.
        for attempt in 0... {
            do {
                return try await pass(orders)
            } catch let disorder as ListingDisorder {
                guard attempt < 4 else { throw ObjectFailure.impossible(disorder.sentence) }
                await orders.learn(disorder, work)
                work.forgetListing()
                // Listed anew, they would count twice.
                await extras.removeAll()
            }
        }
    }

    /// In which order each side lists; nil: none that is known.
    private struct Orders {
        var source: KeyOrder?
        var target: KeyOrder?

        mutating func learn(_ disorder: ListingDisorder, _ work: MirrorWork) async {
            let present = disorder.isSource ? source : target
            let next: KeyOrder? = present == .bytes ? disorder.likely : nil
            if disorder.isSource { source = next } else { target = next }
            let store: any ObjectStore = disorder.isSource ? work.source : work.target
            if let next {
                await work.journal.setKeyOrder(next, of: store.endpointIdentity)
            } else {
                work.notice("\(disorder.sentence) It is sorted in a temporary table.")
            }
        }
    }

    private func pass(_ orders: Orders) async throws {
        let order = orders.source == orders.target ? orders.source : nil
        var source = ListingCursor(
            try await pages(work.source, side: 0, orders.source, mergedIn: order),
            prefixLength: work.source.prefixLength)
        var target = ListingCursor(
            try await pages(work.target, side: 1, orders.target, mergedIn: order),
            prefixLength: work.target.prefixLength)
        try await source.start()
        try await startTarget(&target)
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
        let merge = ListingMerge(
            source: source, target: target, order: order ?? .bytes, options: options,
            looksAtAll: work.options.reportsSame || !work.options.filter.isEverything)
        // Only listings in the order of bytes can be taken up in the middle.
        let reader = ListingReader(
            work, start: start, extras: extras, marksHeadersOnly: marks == .headers, isBackground: isBackground)
        try await reader.read(merge, maySplit: order == .bytes)
    }

    private func pages(
        _ store: any ObjectStore, side: Int, _ own: KeyOrder?, mergedIn order: KeyOrder?
    ) async throws -> any PageReader {
        var reader: any PageReader = store.listing(after: nil, through: nil)
        if let own { reader = OrderedPages(reader, store: store.name, side: side, order: own) }
        if own != nil, own == order || order == nil && own == .bytes { return reader }
        return try await SortedPages(reader, store: store.name, work.surroundings)
    }

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

extension ListingDisorder {
    fileprivate var isSource: Bool { side == 0 }
}
