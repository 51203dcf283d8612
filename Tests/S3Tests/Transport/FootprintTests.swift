import ObjectModel
import Reactor
import Runtime
import S3Sandbox
import TestSupport
import Testing

@testable import S3

/// What a reactor keeps for clients ends with them, whichever thread lets them go.
@Suite("What reactors keep for clients", .timeLimit(.minutes(5)))
struct FootprintTests {
    /// Runs `body` on a reactor of the test's own.
    private func on<T: Sendable>(
        _ reactor: Reactor, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await Task(executorPreference: reactor, operation: body).value
    }

    private func ownerCount(_ reactor: Reactor) async throws -> Int {
        try await on(reactor) { Reactor.required().transfers.ownerCount }
    }

    private func untilOwners(_ reactor: Reactor, _ count: Int) async throws {
        let seen = Mutex(-1)
        try await Patience.until("\(count) owners, not \(seen.withLock { $0 })") {
            // The number that a look of before found; each asks for the next.
            reactor.post { seen.withLock { $0 = Reactor.required().transfers.ownerCount } }
            return seen.withLock { $0 } == count
        }
    }

    @Test("Many clients that came and went leave nothing behind")
    func manyClients() async throws {
        let server = try ServerUnderTest()
        defer { server.sandbox.stop() }
        try server.put("a", count: 10)
        let reactors = (0..<2).map { Reactor(name: "footprints-\($0)") }
        defer { for reactor in reactors { reactor.stop() } }
        for _ in 0..<100 {
            let client = server.client()
            for reactor in reactors {
                _ = try await on(reactor) { try await client.bytes(of: "a") }
                #expect(try await ownerCount(reactor) >= 2, "a signer, and handles for its options")
            }
        }
        for reactor in reactors { try await untilOwners(reactor, 0) }
    }

    @Test("A client that goes takes nothing of another one's")
    func another() async throws {
        let server = try ServerUnderTest()
        defer { server.sandbox.stop() }
        let reactor = Reactor(name: "footprints")
        defer { reactor.stop() }
        let staying = server.client()
        try server.put("a", count: 10)
        _ = try await on(reactor) { try await staying.bytes(of: "a") }
        try await untilOwners(reactor, 2)
        for _ in 0..<10 {
            let going = server.client()
            _ = try await on(reactor) { try await going.bytes(of: "a") }
        }
        try await untilOwners(reactor, 2)
        #expect(try await on(reactor) { try await staying.bytes(of: "a") }.count == 10)
        #expect(try await ownerCount(reactor) == 2)
        withExtendedLifetime(staying) {}
    }

    @Test("Two clients share what is kept for the options that they share")
    func sharedOptions() async throws {
        let server = try ServerUnderTest()
        defer { server.sandbox.stop() }
        let reactor = Reactor(name: "footprints")
        defer { reactor.stop() }
        try server.put("a", count: 10)
        let connection = ConnectionOptions()
        let staying = server.client(connection: connection)
        do {
            let going = server.client(connection: connection)
            for client in [staying, going] { _ = try await on(reactor) { try await client.bytes(of: "a") } }
        }
        try await untilOwners(reactor, 2)
        withExtendedLifetime(staying) {}
    }

    @Test("A client may go while a request of its is under way, and after its reactor ended")
    func early() async throws {
        let server = try ServerUnderTest()
        defer { server.sandbox.stop() }
        try server.put("a", count: 1 << 20)
        let reactor = Reactor(name: "footprints")
        let sums = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                let client = server.client()
                group.addTask { try await self.on(reactor) { try await client.bytes(of: "a") }.count }
            }
            return try await group.reduce(0, +)
        }
        #expect(sums == 8 << 20)
        try await untilOwners(reactor, 0)
        let late = server.client()
        _ = try await on(reactor) { try await late.bytes(of: "a") }
        reactor.stop()
        withExtendedLifetime(late) {}
    }

    @Test("No number is given twice")
    func numbers() {
        let numbers = (0..<1000).map { _ in Footprint().id }
        #expect(Set(numbers).count == 1000)
    }
}
