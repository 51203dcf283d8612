/// How many requests a second a server takes, once it has refused some: found out by trying. Pure.
///
/// Fewer requests at once do not keep a server's limit a second where answers come at once, so after a refusal requests
/// are begun at even intervals: below the rate that was answered, then slowly up to it, and past it now and then, because
/// servers change. Nothing is held up before the first refusal.
struct RequestPace {
    /// Requests begun a second at most; nil while there is no limit.
    private(set) var rate: Double?
    /// What was answered a second when a refusal was last measured.
    private var ceiling = 0.0
    /// While true nothing was measured for long enough: the rate is halved and grows fast.
    private var isStarting = true
    /// When the next request may begin, in monotonic nanoseconds.
    private var next: Int64 = 0
    private var lastCut: Int64 = 0
    private var lastGrowth: Int64 = 0
    /// Answers of the last second, by tenths of one.
    private var tenths: [(number: Int64, answers: Int)] = []
    private var firstAnswer: Int64?

    private static let tenth: Int64 = 100_000_000
    private static let second: Int64 = 1_000_000_000
    /// Below that, holding requests up would cost more than refusals do.
    private static let least = 50.0
    /// Above that, no limit is worth keeping.
    private static let most = 20_000.0

    /// When a request may begin that is ready `now`, in monotonic nanoseconds.
    mutating func book(now: Int64) -> Int64 {
        guard let rate else { return now }
        let start = max(now, next)
        next = start + Int64(1e9 / rate)
        return start
    }

    /// A request was answered.
    mutating func answered(now: Int64) {
        if firstAnswer == nil { firstAnswer = now }
        let number = now / Self.tenth
        if tenths.last?.number == number {
            tenths[tenths.count - 1].answers += 1
        } else {
            tenths.append((number, 1))
            tenths.removeAll { $0.number <= number - 10 }
        }
        grow(now: now)
    }

    /// A request that began then was refused because there were too many.
    mutating func refused(began: Int64, now: Int64) {
        // Those that began before the last cut say nothing new.
        guard began > lastCut else { return }
        let (answers, isWhole) = measure(now: now)
        let base = min(rate ?? .infinity, answers)
        if isWhole, answers >= Self.least {
            ceiling = answers
            isStarting = false
        } else {
            isStarting = true
        }
        rate = max(Self.least, base * (isStarting ? 0.5 : 0.92))
        (lastCut, lastGrowth) = (now, now)
    }

    /// Answers a second of late, and whether that is known of a whole second.
    private func measure(now: Int64) -> (answers: Double, isWhole: Bool) {
        let elapsed = now - (firstAnswer ?? now)
        let first = now / Self.tenth - 10
        let count = tenths.lazy.filter { $0.number > first }.reduce(0) { $0 + $1.answers }
        let span = min(now - (first + 1) * Self.tenth, max(Self.tenth / 10, elapsed))
        return (Double(count) / Double(span) * 1e9, elapsed >= Self.second)
    }

    private mutating func grow(now: Int64) {
        guard let rate, now - lastGrowth >= Self.tenth else { return }
        let seconds = Double(now - lastGrowth) / 1e9
        lastGrowth = now
        let isAsked = measure(now: now).answers > rate / 2
        let sinceCut = Double(now - lastCut) / 1e9
        // What nobody asked for shows nothing; but it is forgotten after a while.
        guard isAsked || sinceCut > 60 else { return }
        let grown =
            if isStarting {
                rate * (1 + 4 * min(seconds, 0.25))
            } else if rate < ceiling * 0.98 {
                rate + (ceiling - rate) * min(1, seconds / 2)
            } else {
                rate * (1 + 0.01 * seconds * (1 + sinceCut))
            }
        self.rate = grown < Self.most ? grown : nil
    }
}
