import Glibc
import ObjectModel
import Reactor
import Runtime
import Testing

@testable import S3Sandbox

@Suite("Delays and rates")
struct PaceTests {
    private static func start(_ change: (inout Behaviour) -> Void) throws -> Sandbox {
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        options.requiresSignature = false
        change(&options.behaviour)
        return try Sandbox.start(options)
    }

    @Test("Every answer is held back by the delay, whatever it is, and the sandbox's own paths are not")
    func delay() throws {
        let server = try Self.start { $0.delay = 100 }
        let client = TestClient(server)
        for target in ["/photos?list-type=2", "/photos/none", "/none", "/photos?acl"] {
            let begin = ContinuousClock.now
            #expect(client.send("GET", target) != nil)
            #expect(ContinuousClock.now - begin >= .milliseconds(100), "\(target)")
        }
        server.behaviour.delay = 3_600_000
        #expect(client.send("DELETE", "/.sandbox/behaviour")?.status == 204)
        #expect(server.behaviour.delay == 100)
    }

    @Test("Connections wait at the same time")
    func concurrentDelays() throws {
        let server = try Self.start { $0.delay = 500 }
        let begin = ContinuousClock.now
        let connections = (0..<20).map { _ in TestClient.Connection(port: server.port) }
        for connection in connections { connection.write(TestClient(server).head("HEAD", "/photos", [], 0)) }
        for connection in connections { #expect(!connection.readAll().isEmpty) }
        // One after the other they would take 10 s.
        #expect(ContinuousClock.now - begin < .seconds(5))
    }

    @Test("A limit of rate admits a burst and then what is due, and saves up no more than a burst")
    func rateLimit() {
        let limit = RequestRate()
        let millisecond: Int64 = 1_000_000
        func admitted(_ count: Int, at time: Int64) -> Int {
            (0..<count).reduce(0) { sum, _ in sum + (limit.admits(rate: 100, burst: 3, now: time * millisecond) ? 1 : 0)
            }
        }
        #expect(admitted(10, at: 1000) == 3)
        #expect(admitted(10, at: 1009) == 0)
        #expect(admitted(10, at: 1010) == 1)
        #expect(admitted(10, at: 1025) == 1)
        #expect(admitted(10, at: 1030) == 1)
        #expect(admitted(10, at: 9000) == 3)
        // A second of one request each millisecond.
        #expect((1...1000).reduce(0) { $0 + admitted(1, at: 20_000 + $1) } == 102)
    }

    @Test("What exceeds the rate is refused, counted and does nothing; the sandbox's own paths are served")
    func rate() throws {
        let server = try Self.start {
            $0.rate = 1
            $0.burst = 2
        }
        let client = TestClient(server)
        let answers = (0..<3).compactMap { client.send("PUT", "/photos/\($0)", [], [1]) }
        #expect(answers.map(\.status) == [200, 200, 503])
        #expect(answers.last?.code == "SlowDown")
        #expect(server.store.table.object("2", in: "photos") == nil)
        #expect(server.requests.totals.slowDown == 1 && server.requests.totals.requests == [.putObject: 3])
        #expect(server.requests.records.last?.line.contains(#""status":503,"code":"SlowDown""#) == true)
        #expect(client.send("POST", "/.sandbox/behaviour", [], Array(#"{"rate": 0}"#.utf8))?.status == 204)
        #expect((0..<5).allSatisfy { _ in client.send("HEAD", "/photos")?.status == 200 })
    }
}
