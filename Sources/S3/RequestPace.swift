import Glibc

/// How many requests a second a server takes, once it has refused some: found out by trying. Pure.
///
/// Fewer requests at once do not keep a server's limit a second where answers come at once, so after a refusal requests
/// are begun at even intervals: below the rate that was refused, then quickly back to it, slowly past it, and ever faster
/// from there, because a refusal may have been a moment's and servers change (the curve of CUBIC, RFC 9438). Nothing is
/// held up before the first refusal.
struct RequestPace {
    /// Requests begun a second at most; nil while there is no limit.
    private(set) var rate: Double?
    /// What was too much, as far as is known: requests a second.
    private var ceiling = 0.0
    /// The rate right after the last cut.
    private var floor = 0.0
    /// Seconds from a cut until the rate is at the ceiling again. Longer where cuts agree about the ceiling.
    private var rise = 1.0
    /// Seconds since the last cut in which the rate was made use of.
    private var age = 0.0
    /// How fast the rate grows past the ceiling.
    private var steepness = 0.1
    /// When the next request may begin, in monotonic nanoseconds.
    private var next: Int64 = 0
    /// Turns that were given out, and those of them that are no longer waiting.
    private var booked = 0
    private var begun = 0
    private var lastCut: Int64 = 0
    private var lastGrowth: Int64 = 0
    /// Answers of the last half second, by slots of a fortieth of one.
    private var slots: [(number: Int64, answers: Int)] = []
    private var firstAnswer: Int64?

    private static let slot: Int64 = 25_000_000
    private static let second: Int64 = 1_000_000_000
    /// What a turn may be late without any consequence.
    private static let slack: Int64 = 2_000_000
    /// Below that, holding requests up would cost more than refusals do.
    private static let least = 50.0
    /// Above that, no limit is worth keeping.
    private static let most = 20_000.0

    /// A request's place in the order of those that wait for their time.
    struct Turn {
        fileprivate let number: Int
    }

    /// The turn of a request that is ready, after those that were given out before. It has to begin (`wait`) or to leave.
    mutating func book() -> Turn {
        defer { booked += 1 }
        return Turn(number: booked)
    }

    /// When the request with this turn may begin, in monotonic nanoseconds: nil if it begins `now`.
    ///
    /// To be asked anew when that time has come: turns follow the rate as it is then. A client that was held up itself must
    /// not make up for it, since the server would see all of that at once.
    mutating func wait(for turn: Turn, now: Int64) -> Int64? {
        guard let rate else {
            leave()
            return nil
        }
        let interval = Int64(1e9 / rate)
        // One that slept by a slower pace may have been overtaken.
        let start = next + Int64(max(0, turn.number - begun)) * interval
        if now < start { return start }
        next = max(start, now - Self.slack) + interval
        leave()
        return nil
    }

    /// A request with a turn does not begin after all.
    mutating func leave() {
        begun += 1
    }

    /// A request was answered.
    mutating func answered(now: Int64) {
        if firstAnswer == nil { firstAnswer = now }
        let number = now / Self.slot
        if slots.last?.number == number {
            slots[slots.count - 1].answers += 1
        } else {
            slots.append((number, 1))
            slots.removeAll { $0.number <= number - 20 }
        }
        if now - lastGrowth >= Self.slot { grow(now: now) }
    }

    /// A request that began then was refused because there were too many.
    mutating func refused(began: Int64, now: Int64) {
        // Those that began before the last cut say nothing new.
        guard began > lastCut else { return }
        let sinceCut = now - lastCut
        let drop: Double
        var refusedAt: Double
        if let rate, sinceCut >= Self.second / 2 {
            // The pace itself was too much, unless nobody kept it.
            refusedAt = isDemanded(rate, now: now) ? rate : min(rate, answersPerSecond(over: 16, now: now))
            drop = 0.15
        } else if now - (firstAnswer ?? now) >= Self.second * 3 / 10 {
            // A server's allowance for bursts shows in so short a time, so that it is a little less.
            refusedAt = min(rate ?? .infinity, answersPerSecond(over: rate == nil ? 4 : 12, now: now))
            drop = 0.2
        } else {
            refusedAt = min(rate ?? .infinity, answersPerSecond(over: 12, now: now))
            drop = 0.5
        }
        refusedAt = max(refusedAt, Self.least)
        // A ceiling that nothing confirms yet is left behind sooner.
        let isKnown = drop < 0.18 && abs(refusedAt - ceiling) < ceiling * 0.15
        rise = isKnown ? min(max(rise, 1) * 2, 4) : drop < 0.18 ? 1 : 0.5
        steepness = drop < 0.18 ? 0.1 : 0.4
        ceiling = refusedAt
        floor = max(Self.least, refusedAt * (1 - drop))
        rate = floor
        age = 0
        (lastCut, lastGrowth) = (now, now)
    }

    /// Whether more than half of what `rate` lets through is asked for, so that its height matters at all.
    private func isDemanded(_ rate: Double, now: Int64) -> Bool {
        answersPerSecond(over: 12, now: now) > rate / 2
    }

    /// Answers a second over so many slots, the present one included.
    private func answersPerSecond(over count: Int64, now: Int64) -> Double {
        let first = now / Self.slot - count + 1
        var answers = 0
        for slot in slots where slot.number >= first { answers += slot.answers }
        let span = min(now - first * Self.slot, max(Self.slot / 2, now - (firstAnswer ?? now)))
        return Double(answers) / Double(span) * 1e9
    }

    private mutating func grow(now: Int64) {
        guard let rate else { return }
        let seconds = Double(now - lastGrowth) / 1e9
        lastGrowth = now
        guard isDemanded(rate, now: now) else {
            // What nobody asked for shows nothing; but it is forgotten after a while.
            if now - lastCut > 60 * Self.second { self.rate = nil }
            return
        }
        age += min(seconds, 0.25)
        if age < rise {
            let missing = 1 - age / rise
            self.rate = ceiling - (ceiling - floor) * missing * missing * missing
        } else {
            let beyond = age - rise
            let grown = ceiling * exp(steepness * beyond * beyond * beyond)
            self.rate = grown < Self.most ? grown : nil
        }
    }
}
