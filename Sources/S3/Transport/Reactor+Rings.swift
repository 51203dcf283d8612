extension Reactor {
    /// Runs `body` with an empty ring of this thread's; rings are kept for later use.
    public static func withRing<T>(_ body: (BodyRing) async throws -> T) async rethrows -> T {
        let reactor = required()
        let ring = reactor.idleRings.popLast() ?? BodyRing()
        defer {
            ring.reset()
            if reactor.idleRings.count < 16 { reactor.idleRings.append(ring) }
        }
        return try await body(ring)
    }
}

extension BodyRing {
    /// Lets bytes fall out as soon as they are in, for a read whose tap is all that matters.
    public func discardsBytes() {
        empty()
        onBytes = { [unowned self] in empty() }
    }
}
