import Runtime
import Testing

@testable import MirrorEngine

@Suite("The breaker")
struct BreakerTests {
    private static let second: Int64 = 1_000_000_000

    /// A breaker that has just opened at time 0.
    private func open(_ random: inout SeededGenerator) -> Breaker {
        var breaker = Breaker()
        for failure in 1...8 {
            let opened = breaker.failed(now: 0, using: &random)
            #expect(opened == (failure == 8))
        }
        return breaker
    }

    @Test("Seven failures in a row do not open it, and a success forgets them")
    func staysClosed() {
        var random = SeededGenerator(seed: 1)
        var breaker = Breaker()
        for _ in 0..<100 {
            let opened = (0..<7).filter { _ in breaker.failed(now: 0, using: &random) }
            #expect(opened.isEmpty && !breaker.isOpen && breaker.nextProbe == .max)
            let (mayProbe, closed) = (breaker.takeProbe(now: .max), breaker.succeeded())
            #expect(!mayProbe && !closed)
        }
    }

    @Test("Eight in a row open it, once, and a job is let through soon")
    func opens() {
        var random = SeededGenerator(seed: 2)
        var breaker = open(&random)
        #expect(breaker.isOpen)
        let probe = breaker.nextProbe
        #expect((50_000_000...200_000_000).contains(probe))
        // The jobs that were under way fail one after the other: they neither open it again nor put the probe off.
        let again = (1...100 as ClosedRange<Int64>).filter { breaker.failed(now: $0, using: &random) }
        #expect(again.isEmpty && breaker.nextProbe == probe)
        let probes = [probe - 1, probe, probe].map { breaker.takeProbe(now: $0) }
        #expect(probes == [false, true, false])
    }

    @Test("A probe that is not heard of again is followed by another one")
    func silentProbe() {
        var random = SeededGenerator(seed: 3)
        var breaker = open(&random)
        let first = breaker.nextProbe
        let probes = [first, first + 3 * Self.second - 1, first + 3 * Self.second].map { breaker.takeProbe(now: $0) }
        #expect(probes == [true, false, true])
    }

    @Test("A probe that says nothing of the server makes way for another one at once")
    func inconclusive() {
        var random = SeededGenerator(seed: 5)
        var breaker = open(&random)
        let first = breaker.nextProbe
        // What was under way when it opened is no probe.
        breaker.learntNothing(now: 1)
        #expect(breaker.nextProbe == first)
        let probes = [breaker.takeProbe(now: first), breaker.takeProbe(now: first + 1)]
        breaker.learntNothing(now: first + 2)
        let next = breaker.takeProbe(now: first + 2)
        #expect(probes == [true, false] && next && breaker.isOpen)
        var closed = Breaker()
        closed.learntNothing(now: 0)
        #expect(!closed.isOpen && closed.nextProbe == .max)
    }

    @Test("Probes that fail come ever further apart, up to two seconds", arguments: 1...50 as ClosedRange<UInt64>)
    func backsOff(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var breaker = open(&random)
        var now: Int64 = 0
        for probe in 0..<20 {
            let ceiling = min(2 * Self.second, 200_000_000 << Int64(min(probe, 10)))
            let pause = breaker.nextProbe - now
            #expect((50_000_000...ceiling).contains(pause), "seed \(seed), probe \(probe): \(pause) ns")
            now = breaker.nextProbe
            let (mayProbe, opened) = (breaker.takeProbe(now: now), breaker.failed(now: now, using: &random))
            #expect(mayProbe && !opened)
        }
        #expect(breaker.isOpen)
    }

    @Test("One success closes it, and it takes eight failures to open it again")
    func closes() {
        var random = SeededGenerator(seed: 4)
        var breaker = open(&random)
        let closed = [breaker.succeeded(), breaker.succeeded()]
        #expect(closed == [true, false] && !breaker.isOpen && breaker.nextProbe == .max)
        let opened = (1...8).filter { _ in breaker.failed(now: 5, using: &random) }
        #expect(opened == [8])
        #expect((50_000_005...200_000_005).contains(breaker.nextProbe))
    }
}
