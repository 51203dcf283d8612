import Testing

@testable import S3

@Suite("The pace of requests under a server that refuses some")
struct RequestPaceTests {
    private static let second: Int64 = 1_000_000_000

    /// A server that takes `rate` requests a second and refuses the others, and a client with so many places that always
    /// has work. Nothing happens but by this clock.
    private struct Simulation {
        var pace: RequestPace
        var rate: Double
        let burst = 10.0
        /// From a request to its answer, in nanoseconds.
        let latency: Int64
        /// For how much of each fifth of a second the client is held up itself, in nanoseconds.
        var pause: Int64 = 0
        private var tokens = 10.0
        private var refilled: Int64 = 0
        private enum Place {
            case waiting(RequestPace.Turn, until: Int64)
            case underWay(began: Int64, ends: Int64)
        }
        private var places: [Place]
        private(set) var now: Int64 = 1

        init(rate: Double, latency: Int64, places: Int) {
            self.rate = rate
            self.latency = latency
            var pace = RequestPace()
            self.places = (0..<places).map { _ in .waiting(pace.book(), until: 1) }
            self.pace = pace
        }

        /// When the client can act that wants to then.
        private func heldUp(_ moment: Int64) -> Int64 {
            let position = moment % (RequestPaceTests.second / 5)
            return position < pause ? moment - position + pause : moment
        }

        private mutating func isTaken(at moment: Int64) -> Bool {
            tokens = min(burst, tokens + Double(moment - refilled) / 1e9 * rate)
            refilled = moment
            guard tokens >= 1 else { return false }
            tokens -= 1
            return true
        }

        /// Lets so much time pass; how many requests were answered and how many refused.
        mutating func run(_ time: Int64) -> (answered: Int, refused: Int) {
            var (answered, refused) = (0, 0)
            let end = now + time
            while true {
                var (first, moment) = (0, Int64.max)
                for (index, place) in places.enumerated() {
                    let due = due(place)
                    if due < moment { (first, moment) = (index, due) }
                }
                guard heldUp(moment) < end else { break }
                now = max(now, heldUp(moment))
                let turn: RequestPace.Turn
                switch places[first] {
                case .waiting(let waiting, _): turn = waiting
                case .underWay(let began, let ends):
                    tell(began: began, ends: ends, &answered, &refused)
                    turn = pace.book()
                }
                if let start = pace.wait(for: turn, now: now) {
                    places[first] = .waiting(turn, until: start)
                } else {
                    places[first] = .underWay(began: now, ends: now + latency)
                }
            }
            now = end
            return (answered, refused)
        }

        private func due(_ place: Place) -> Int64 {
            switch place {
            case .waiting(_, let until): until
            case .underWay(_, let ends): ends
            }
        }

        private mutating func tell(began: Int64, ends: Int64, _ answered: inout Int, _ refused: inout Int) {
            if isTaken(at: ends) {
                answered += 1
                pace.answered(now: now)
            } else {
                refused += 1
                pace.refused(began: began, now: now)
            }
        }
    }

    @Test("Nothing is held up by a server that refuses nothing")
    func free() {
        var simulation = Simulation(rate: 1e9, latency: 100_000, places: 8)
        let (answered, refused) = simulation.run(Self.second)
        #expect(refused == 0 && answered > 79_000 && simulation.pace.rate == nil)
    }

    @Test(
        "A limit a second is kept nearly full, with less than one request in a hundred refused",
        arguments: [
            (240, 8, 200_000), (240, 8, 20_000_000), (240, 64, 200_000), (240, 64, 20_000_000), (3000, 8, 200_000),
            (3000, 24, 5_000_000), (3000, 64, 20_000_000),
        ] as [(Double, Int, Int64)])
    func limit(rate: Double, places: Int, latency: Int64) {
        var simulation = Simulation(rate: rate, latency: latency, places: places)
        let start = simulation.run(4 * Self.second)
        let fifth = simulation.run(Self.second)
        let most = min(rate, Double(places) / Double(latency) * 1e9)
        // Nearly all of those that begin at once are refused.
        #expect(Double(start.refused) < Double(places) + rate * 5 / 100, "\(start)")
        #expect(Double(fifth.answered) > most * 0.9, "\(fifth) in the fifth second")
        let later = simulation.run(10 * Self.second)
        #expect(Double(later.answered) > most * 10 * 0.93, "\(later)")
        #expect(later.refused * 150 < later.answered, "\(later)")
    }

    @Test("A client that was held up does not make up for it all at once", arguments: [240.0, 3000.0])
    func heldUp(rate: Double) {
        var simulation = Simulation(rate: rate, latency: 1_000_000, places: 16)
        simulation.pause = 50_000_000
        _ = simulation.run(5 * Self.second)
        let later = simulation.run(10 * Self.second)
        #expect(later.refused * 100 < later.answered, "\(later)")
        // A quarter of the time is lost.
        #expect(Double(later.answered) > rate * 10 * 0.6, "\(later)")
    }

    @Test("A server that takes more is given more, and one that takes less is given less")
    func change() {
        var simulation = Simulation(rate: 200, latency: 1_000_000, places: 16)
        _ = simulation.run(20 * Self.second)
        simulation.rate = 80
        _ = simulation.run(10 * Self.second)
        let less = simulation.run(20 * Self.second)
        #expect(less.answered > 20 * 64 && less.refused * 20 < less.answered, "\(less)")
        simulation.rate = 1000
        _ = simulation.run(60 * Self.second)
        let more = simulation.run(10 * Self.second)
        #expect(more.answered > 10 * 500, "\(more)")
    }

    @Test("A server that refused everything for a while is asked at full speed again soon")
    func outage() {
        var simulation = Simulation(rate: 1e9, latency: 1_000_000, places: 16)
        _ = simulation.run(2 * Self.second)
        simulation.rate = 0
        _ = simulation.run(5 * Self.second)
        #expect(simulation.pace.rate == 50)
        simulation.rate = 1e9
        _ = simulation.run(4 * Self.second)
        let after = simulation.run(Self.second)
        #expect(after.answered > 2000 && after.refused == 0, "\(after)")
    }
}
