import Runtime
import Testing

@testable import MirrorEngine

@Suite("The pace of polls")
struct PollPaceTests {
    @Test("Ten quiet polls keep the pace; from then on it slows down to ten times the base, and a change resets it")
    func quiet() {
        var pace = PollPace(base: .seconds(2))
        #expect(pace.interval == .seconds(2))
        for _ in 0..<10 {
            pace.polled(cost: .milliseconds(10), foundChanges: false)
            #expect(pace.interval == .seconds(2))
        }
        var last = pace.interval
        for _ in 0..<10 {
            pace.polled(cost: .milliseconds(10), foundChanges: false)
            #expect(pace.interval > last && pace.interval <= last * 1.26)
            last = pace.interval
        }
        for _ in 0..<100 { pace.polled(cost: .milliseconds(10), foundChanges: false) }
        #expect(pace.interval == .seconds(20))
        pace.polled(cost: .milliseconds(10), foundChanges: true)
        #expect(pace.interval == .seconds(2))
    }

    @Test("Changes keep it at the base, however long they go on")
    func busy() {
        var pace = PollPace(base: .milliseconds(100))
        for _ in 0..<1000 {
            pace.polled(cost: .milliseconds(1), foundChanges: true)
            #expect(pace.interval == .milliseconds(100))
        }
    }

    @Test("A dear listing takes a quarter of the time at most, within ten times the base")
    func dear() {
        var pace = PollPace(base: .seconds(2))
        pace.polled(cost: .seconds(3), foundChanges: true)
        #expect(pace.interval == .seconds(12))
        pace.polled(cost: .seconds(60), foundChanges: true)
        #expect(pace.interval == .seconds(20))
        pace.polled(cost: .milliseconds(1), foundChanges: true)
        #expect(pace.interval == .seconds(2))
    }
}
