import Listings
import MirrorEngine
import ObjectModel

/// What a round is about, drawn before it begins: two servers, the keys, the options, who is there.
struct Plan {
    var source = ServerTraits()
    var target = ServerTraits()
    var sourcePrefix = ObjectKey("")
    var targetPrefix = ObjectKey("")
    var options = MirrorOptions()
    var watch = WatchOptions()
    /// Relative to the prefix.
    var keys: [ObjectKey] = []
    /// Nanoseconds until the calm.
    var storm: Int64 = 0
    var writes = 0
    var hasWatch = true
    var hasSecondWatch = false
    var runs = 0
    /// How often a person says that held deletions are meant.
    var approvals = 0
    /// Whether the first watch keeps its state in a file.
    var keepsState = true
    /// One watch is told of everything that happens, so that it can be asked for promptly.
    var isTold = false
    /// How much of the target is as the source when it begins.
    var seeded = 0.0

    init(_ dice: inout Dice) {
        drawServers(&dice)
        drawOptions(&dice)
        drawKeys(&dice)
        storm = dice.spread(3_000_000_000, 200_000_000_000)
        writes = Int(dice.spread(5, 80))
        hasWatch = dice.isLucky(0.8)
        hasSecondWatch = dice.isLucky(0.15)
        // Known: two watches with states of their own, on a target whose ETags look like digests and are none, each take the
        // other's copy for a change and copy over one another for ever.
        if target.etags == .seemingDigests { hasSecondWatch = false }
        runs = dice.isLucky(0.5) ? 1 + dice.below(3) : 0
        keepsState = dice.isLucky(0.8)
        seeded = dice.isLucky(0.5) ? dice.fraction() : 0
        isTold = dice.isLucky(0.3)
        if isTold { (hasWatch, hasSecondWatch, runs, source.hasFeed, watch.events) = (true, false, 0, true, .auto) }
    }

    private mutating func drawServers(_ dice: inout Dice) {
        source = Self.server(&dice)
        target = Self.server(&dice)
        source.etags = dice.isLucky(0.8) ? .digests : dice.pick(ServerTraits.ETags.allCases)
        target.etags = dice.isLucky(0.8) ? .digests : dice.pick(ServerTraits.ETags.allCases)
        source.hasFeed = dice.isLucky(0.7)
        target.largestWrite = dice.isLucky(0.2) ? 150 : 5 << 30
        if dice.isLucky(0.3) { sourcePrefix = "data/" }
        if dice.isLucky(0.3) { targetPrefix = "mirror/" }
    }

    private static func server(_ dice: inout Dice) -> ServerTraits {
        var traits = ServerTraits()
        traits.order = dice.isLucky(0.8) ? .bytes : .path
        traits.pageSize = dice.isLucky(0.5) ? 1000 : 3 + dice.below(40)
        traits.tellsParts = dice.isLucky(0.6)
        traits.honoursContentMD5 = dice.isLucky(0.9)
        traits.honoursIfMatch = dice.isLucky(0.9)
        traits.hasMilliseconds = dice.isLucky(0.7)
        traits.distance = dice.spread(20_000, 80_000_000)
        traits.clockOffset = dice.isLucky(0.2) ? dice.within(-3_600_000...3_600_000) : dice.within(-900...900)
        return traits
    }

    private mutating func drawOptions(_ dice: inout Dice) {
        options.removes = dice.isLucky(0.65)
        options.overwrites = !dice.isLucky(0.05)
        options.comparison = dice.isLucky(0.75) ? .etag : dice.pick(ComparisonMode.allCases)
        options.checksHeaders = dice.isLucky(0.1)
        options.heldLimit = 64
        options.partUnit = 32
        if dice.isLucky(0.15) { options.trash = ".trash/" }
        if dice.isLucky(0.15), let glob = try? Glob("tmp/*") { options.filter = Filter(rules: [.exclude(glob)]) }
        if dice.isLucky(0.3) {
            options.deletionGuard.limit = dice.isLucky(0.5) ? .count(dice.below(20)) : .percent(Double(dice.below(100)))
            options.deletionGuard.floor = 0
        }
        options.deletionGuard.allowsEmptySource = dice.isLucky(0.1)
        options.maxWorkers = dice.isLucky(0.3) ? 1 + dice.below(8) : nil
        watch.pollInterval = .seconds(dice.spread(8, 120))
        if options.comparison == .bytes || options.comparison == .content || options.checksHeaders {
            watch.pollInterval = max(watch.pollInterval, .seconds(120))
        }
        approvals = options.removes && dice.isLucky(0.3) ? 1 + dice.below(2) : 0
        watch.events = dice.isLucky(0.85) ? .auto : .poll
        watch.reconcileInterval = .seconds(600 + dice.below(3000))
        if dice.isLucky(0.3) {
            watch.depth = 2 + dice.below(20)
            watch.retryLimit = 2 + dice.below(20)
        }
    }

    private mutating func drawKeys(_ dice: inout Dice) {
        let count = Int(min(dice.spread(20, 300), dice.spread(20, 300)))
        let awkward: [ObjectKey] = [
            "a", "a/", "a/b", "a.b", "a-b", "a b", "A/B", "é", "e\u{301}", "a\\b", "a//b", "%2F", "+", "tmp/x", "tmp/y",
            "日本/語", "z/\u{1F600}", "a/b/c/d/e/f/g/h",
        ]
        keys = Array(awkward.prefix(dice.below(awkward.count + 1)))
        let folders = ["", "photos/", "photos/2026/", "tmp/", "x-", "x/"]
        while keys.count < count { keys.append(ObjectKey("\(dice.pick(folders))k\(keys.count)")) }
    }

    /// Whether the mirror is about a key, given without the prefix.
    func isInScope(_ key: ObjectKey) -> Bool {
        guard options.filter.includes(key) else { return false }
        guard let trash = options.trash else { return true }
        return !key.prefixed(by: targetPrefix).hasPrefix(trash)
    }

    var sentence: String {
        "source \(source.etags) \(source.order), target \(target.etags) \(target.order), \(keys.count) keys, "
            + "\(writes) writes, compare \(options.comparison)\(options.removes ? ", removes" : "")"
            + "\(options.trash != nil ? ", trash" : "")\(options.filter.isEverything ? "" : ", filter")"
            + "\(keepsState ? ", state" : ""), guard \(options.deletionGuard.limit), storm \(storm / 1_000_000_000) s"
            + ", watch \(hasWatch), second \(hasSecondWatch), runs \(runs), feed \(source.hasFeed && watch.events != .poll)"
            + ", depth \(watch.depth)"
    }
}
