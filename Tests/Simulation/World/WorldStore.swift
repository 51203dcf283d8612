import ObjectModel
import Reactor
import Runtime
import Stores

/// One process's client of a server: a bucket below a prefix, reached by a network that does what the weather wants.
// @unchecked: confined to the one thread that runs its world.
final class WorldStore: ObjectStore, @unchecked Sendable {
    let server: Server
    let process: Process
    let weather: Weather
    let prefix: ObjectKey
    /// Whether damaged bytes can be told at all: by digests on both sides.
    let mayDamage: Bool
    private var unanswered: [ObjectKey] = []
    /// What looks at each key answered, and when, oldest first.
    private var looks: [ObjectKey: [(isMissing: Bool, answered: Int64)]] = [:]
    let counters = RequestCounters()
    /// Nanoseconds after which an answer is not waited for any more.
    static let patience: Int64 = 8_000_000_000

    init(_ server: Server, _ process: Process, _ weather: Weather, prefix: ObjectKey, mayDamage: Bool) {
        self.server = server
        self.process = process
        self.weather = weather
        self.prefix = prefix
        self.mayDamage = mayDamage
    }

    var world: World { process.world }
    var name: String { "\(server.name)/bucket/\(prefix)" }
    var identity: String { "world://\(server.name)/bucket/\(prefix)" }
    var endpointIdentity: String { "world://\(server.name)" }
    var clockOffset: Int64? { server.clock.milliseconds - process.time.wall().milliseconds }
    var prefixLength: Int { prefix.bytes.count }
    func fullKey(_ key: ObjectKey) -> ObjectKey { prefix.bytes.isEmpty ? key : key.prefixed(by: prefix) }
    var capabilities: Capabilities {
        var capabilities = Capabilities()
        capabilities.largestWrite = server.traits.largestWrite
        return capabilities
    }

    // MARK: Requests

    /// What a request is about.
    struct Request {
        let operation: String
        let verb: RequestVerb
        var key: ObjectKey?
        var writes = false
        /// Nanoseconds that the body takes.
        var length: Int64 = 0
    }

    /// Sends a request: `effect` is what the server does when it arrives, if it arrives. The answer comes later, or not.
    func ask<Answer>(
        _ request: Request, _ effect: @escaping (Server, Cause) -> Result<Answer, StoreError>
    ) async throws(StoreError) -> Answer {
        counters.count(request.verb)
        let sent = world.now
        let fate = fate(of: request)
        let cause = Cause.process(process.id, sent: sent)
        if let fault = fate.fault {
            world.story?.note(
                request.key.map(fullKey),
                "\(server.name): \(request.operation) by process \(process.id): \(fault.rawValue)")
        }
        let answer: Result<Answer, StoreError>? = await process.wait { promise in
            // What it does there does not depend on who waits for it.
            if let arrival = fate.arrival {
                world.beginEffect(request.writes)
                if request.writes, !weather.isCalm {
                    world.lastLateEffect = max(world.lastLateEffect, world.now + arrival)
                }
                world.after(arrival) { [self] in
                    world.endEffect(request.writes)
                    let result = perform(request, fate, cause, effect)
                    guard let way = fate.answer else { return }
                    world.after(way) { promise.keep(result) }
                }
            }
            if let failure = fate.failure {
                world.after(failure.after) { [self] in
                    promise.keep(.failure(error(failure.kind, request, status: fate.status)))
                }
            }
        }
        let result = answer ?? .failure(error(.cancelled, request, status: 0))
        if case .failure(let error) = result, request.writes, !error.wasAnswered, let key = request.key {
            unanswered.append(key)
        }
        return try result.get()
    }

    private func perform<Answer>(
        _ request: Request, _ fate: Fate, _ cause: Cause, _ effect: (Server, Cause) -> Result<Answer, StoreError>
    ) -> Result<Answer, StoreError> {
        switch server.condition {
        case .unreachable: return .failure(error(.unreachable, request, status: 0))
        case .refusing:
            var error = error(.refused, request, status: 403, code: "InvalidAccessKeyId")
            error.refusesEverything = true
            return .failure(error)
        case .full where request.writes: return .failure(error(.full, request, status: 507))
        default: break
        }
        if let refusal = fate.refusal { return .failure(error(refusal.kind, request, status: refusal.status)) }
        return effect(server, cause)
    }

    func takeUnanswered() -> [ObjectKey] {
        defer { unanswered = [] }
        return unanswered
    }

    func noteUnanswered(_ keys: [ObjectKey]) { unanswered += keys }

    func error(
        _ kind: StoreError.Kind, _ request: Request, status: Int, code: String = ""
    ) -> StoreError {
        StoreError(
            kind, server: endpointIdentity, operation: request.operation, bucket: "bucket", key: request.key,
            status: status, code: code)
    }

    func missingBucket(_ request: Request) -> StoreError { error(.noSuchBucket, request, status: 404) }

    func noteLook(_ key: ObjectKey, isMissing: Bool) {
        looks[fullKey(key), default: []].append((isMissing, world.now))
    }

    /// When the last look before `moment` answered, if it was that the key is missing.
    func absence(of key: ObjectKey, before moment: Int64) -> Int64? {
        guard let look = looks[key]?.last(where: { $0.answered <= moment }), look.isMissing else { return nil }
        return look.answered
    }

    // MARK: Fates

    /// What becomes of a request; all in nanoseconds from now, but for the answer's way back.
    struct Fate {
        var fault: Fault?
        var arrival: Int64?
        var answer: Int64?
        /// What it answers instead of doing it.
        var refusal: (kind: StoreError.Kind, status: Int)?
        /// What is heard instead of its answer, whatever becomes of it.
        var failure: (kind: StoreError.Kind, after: Int64)?
        /// Of that: a gateway's own words.
        var status = 0
    }

    private static let faults: [Fault] = [
        .serverError, .slowDown, .unreachable, .lostAnswer, .lateEffect, .neverDone, .slowness, .hours, .errorInside,
        .gateway,
    ]

    private func fate(of request: Request) -> Fate {
        let there = server.traits.distance + world.dice.within(0...server.traits.distance) + request.length
        let back = server.traits.distance + world.dice.within(0...server.traits.distance)
        var fate = Fate(arrival: there, answer: back)
        fate.fault = weather.draw(Self.faults, &world.dice)
        switch fate.fault {
        case .serverError: fate.refusal = (.serverFailure, 503)
        case .errorInside: fate.refusal = (.serverFailure, 200)
        case .slowDown: fate.refusal = (.slowDown, 503)
        case .unreachable: fate = Fate(fault: .unreachable, failure: (.unreachable, there))
        case .lostAnswer:
            fate.answer = nil
            fate.failure = world.dice.isLucky(0.5) ? (.interrupted, there + back) : (.timedOut, Self.patience)
        case .gateway:
            // It gave up waiting; what it had sent on may be done, soon or late, or not at all.
            fate.failure = (.serverFailure, there + back)
            fate.status = world.dice.isLucky(0.5) ? 502 : 504
            fate.answer = nil
            let late = world.dice.spread(1_000_000, 600_000_000_000)
            fate.arrival = request.writes && world.dice.isLucky(0.7) ? late : nil
        case .lateEffect, .neverDone:
            let late = world.dice.spread(1_000_000_000, 7_200_000_000_000)
            fate.failure = world.dice.isLucky(0.5) ? (.interrupted, there + back) : (.timedOut, Self.patience)
            fate.arrival = request.writes && fate.fault == .lateEffect ? late : nil
            fate.answer = nil
        case .slowness:
            let extra = world.dice.spread(50_000_000, 7_000_000_000)
            if world.dice.isLucky(0.5) { fate.arrival = there + extra } else { fate.answer = back + extra }
        case .hours:
            let extra = world.dice.spread(9_000_000_000, 7_200_000_000_000)
            if world.dice.isLucky(0.5) { fate.arrival = there + extra } else { fate.answer = back + extra }
        default: break
        }
        if let arrival = fate.arrival, let answer = fate.answer, arrival + answer > Self.patience {
            fate.answer = nil
            fate.failure = (.timedOut, Self.patience)
        }
        if request.writes { world.longestDelay = max(world.longestDelay, fate.arrival ?? 0) }
        return fate
    }
}

extension World {
    func beginEffect(_ writes: Bool) { if writes { effectsUnderWay += 1 } }

    func endEffect(_ writes: Bool) { if writes { effectsUnderWay -= 1 } }
}
