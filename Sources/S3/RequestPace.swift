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
    /// By how much turns have been put off since the beginning, in nanoseconds.
    private var delay: Int64 = 0
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

    /// A request's turn.
    struct Turn {
        fileprivate let start: Int64
        fileprivate let delay: Int64
    }

    /// The turn of a request that is ready `now`, after those that were given out before.
    mutating func book(now: Int64) -> Turn {
        guard let rate else { return Turn(start: now, delay: delay) }
        let start = max(now, next)
        next = start + Int64(1e9 / rate)
        return Turn(start: start, delay: delay)
    }

    /// When the request with this turn may begin, in monotonic nanoseconds: nil if it is to begin `now`.
    ///
    /// A client that was held up itself must not make up for it, since the server would see all of that at once: later
    /// turns are put off by as much.
    mutating func wait(for turn: Turn, now: Int64) -> Int64? {
        guard rate != nil else { return nil }
        let start = turn.start + (delay - turn.delay)
        if now < start { return start }
        let late = now - start - Self.slack
        if late > 0 {
            delay += late
            next += late
        }
        return nil
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
            refusedAt = isAsked(now: now, rate) ? rate : min(rate, answers(over: 16, now: now))
            drop = 0.1
        } else if now - (firstAnswer ?? now) >= Self.second * 3 / 10 {
            // A server's allowance for bursts shows in so short a time, so that it is a little less.
            refusedAt = min(rate ?? .infinity, answers(over: rate == nil ? 4 : 12, now: now))
            drop = 0.2
        } else {
            refusedAt = min(rate ?? .infinity, answers(over: 12, now: now))
            drop = 0.5
        }
        refusedAt = max(refusedAt, Self.least)
        // A ceiling that nothing confirms yet is left behind sooner.
        let isKnown = drop < 0.2 && abs(refusedAt - ceiling) < ceiling * 0.15
        rise = isKnown ? min(max(rise, 1) * 2, 4) : drop < 0.2 ? 1 : 0.5
        steepness = drop < 0.2 ? 0.1 : 0.4
        ceiling = refusedAt
        floor = max(Self.least, refusedAt * (1 - drop))
        rate = floor
        age = 0
        (lastCut, lastGrowth) = (now, now)
    }

    private func isAsked(now: Int64, _ rate: Double) -> Bool {
        answers(over: 12, now: now) > rate / 2
    }

    /// Answers a second over so many slots, the present one included.
    private func answers(over count: Int64, now: Int64) -> Double {
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
        guard isAsked(now: now, rate) else {
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
