import Glibc
import ObjectModel
import Runtime

/// Runs rounds and says what came of them.
enum Report {
    private struct Arguments {
        var rounds: Int?
        var minutes: Double?
        var seed: UInt64?
        /// Rounds of this seed that are passed over, as if they had been lived.
        var passed = 0
        var isJSON = false
        /// Ends with the first failure.
        var endsEarly = false
        /// Tells no stories.
        var isBrief = false
    }

    static let usage = """
        Usage: minio-sync-simulation [--rounds N | --minutes M] [--seed S] [--after N] [--json] [--until-failure] [--brief]

        """

    /// The exit code: 0 where no round failed, 1 where one did, 2 for bad usage.
    static func run(_ words: [String]) -> Int32 {
        guard let arguments = parse(words) else {
            _ = unsafe usage.withCString { unsafe write(2, $0, strlen($0)) }
            return 2
        }
        let first = arguments.seed ?? UInt64.random(in: 1..<(1 << 53))
        say("seed \(first)")
        var session = Session(first: first, passed: arguments.passed, tellsStories: !arguments.isBrief)
        let began = MonotonicClock.nanoseconds()
        let end = arguments.minutes.map { began + Int64($0 * 60e9) }
        while end.map({ MonotonicClock.nanoseconds() < $0 }) ?? (session.rounds < arguments.rounds ?? 1000) {
            session.runNext()
            if session.failures.count >= (arguments.endsEarly ? 1 : 50) { break }
        }
        StateFiles.removeFolder()
        session.tell(seconds: Double(MonotonicClock.nanoseconds() - began) / 1e9)
        if arguments.isJSON { say(session.json) }
        return session.failures.isEmpty ? 0 : 1
    }

    private static func parse(_ words: [String]) -> Arguments? {
        var arguments = Arguments()
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--json": arguments.isJSON = true
            case "--until-failure": arguments.endsEarly = true
            case "--brief": arguments.isBrief = true
            case "--rounds":
                guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else { return nil }
                arguments.rounds = count
            case "--after":
                guard let count = rest.popFirst().flatMap({ Int($0) }), count >= 0 else { return nil }
                arguments.passed = count
            case "--minutes":
                guard let count = rest.popFirst().flatMap({ Double($0) }), count > 0 else { return nil }
                arguments.minutes = count
            case "--seed":
                guard let seed = rest.popFirst().flatMap({ UInt64($0) }), seed < 1 << 53 else { return nil }
                arguments.seed = seed
            default: return nil
            }
        }
        return arguments.rounds != nil && arguments.minutes != nil ? nil : arguments
    }
}

/// All rounds of one call.
struct Session {
    private let first: UInt64
    private let tellsStories: Bool
    /// Those that were passed over included.
    private(set) var rounds: Int
    private let passed: Int
    private var nanoseconds: Int64 = 0
    private var faults = [Int](repeating: 0, count: Fault.allCases.count)
    private(set) var failures: [UInt64] = []
    private var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private var jobs = 0
    /// Failures after which no more stories are told.
    private static let storyLimit = 3

    init(first: UInt64, passed: Int, tellsStories: Bool) {
        self.first = first
        self.passed = passed
        rounds = passed
        self.tellsStories = tellsStories
    }

    /// The seed of round `number`: the first one's is the one that was given.
    private func seed(_ number: Int) -> UInt64 {
        if number == 0 { return first }
        var generator = SeededGenerator(seed: first &+ UInt64(number) &* 0x1_0000_0001)
        return generator.next() >> 11
    }

    mutating func runNext() {
        let seed = seed(rounds)
        rounds += 1
        let round = Round(seed: seed)
        let broken = round.live()
        nanoseconds += round.world.now - World.beginning
        jobs += round.world.jobs
        for (index, count) in round.weather.counts.enumerated() { faults[index] += count }
        trace = (trace ^ round.world.trace) &* 0x100_0000_01B3
        if (rounds - 1) % 100 == 0 {
            let again = Round(seed: seed)
            _ = again.live()
            if again.world.trace != round.world.trace {
                failures.append(seed)
                say("FAILED seed \(seed): it does not run twice in the same way.")
                return
            }
        }
        if unsafe getenv("SIMULATION_LOUD") != nil {
            say(
                "seed \(seed): \(round.world.jobs) jobs, \((round.world.now - World.beginning) / 1_000_000_000) s, \(round.plan.sentence); \(round.weather.present.map(\.rawValue).joined(separator: " "))"
            )
        }
        guard let failure = broken.first else { return }
        failures.append(seed)
        say("FAILED seed \(seed): \(failure.promise): \(failure.sentence)\(failure.key.map { " [\($0)]" } ?? "")")
        if tellsStories, failures.count <= Self.storyLimit { tell(seed, failure) }
    }

    /// Leaves kinds of fault out one by one while the same promise is broken, and tells what is left.
    private func tell(_ seed: UInt64, _ failure: Failure) {
        var leftOut: Set<Fault> = []
        var simplest = failure
        for fault in Round(seed: seed).weather.present {
            let broken = Round(seed: seed, leftOut: leftOut.union([fault])).live()
            guard let same = broken.first(where: { $0.promise == failure.promise }) else { continue }
            leftOut.insert(fault)
            simplest = same
        }
        let round = Round(seed: seed, leftOut: leftOut, isTold: true)
        _ = round.live()
        say("  \(round.plan.sentence)")
        say("  It needs no more than: \(round.weather.present.map(\.rawValue).joined(separator: " "))")
        say("  \(simplest.promise): \(simplest.sentence)\(simplest.key.map { " [\($0)]" } ?? "")")
        let isLoud = unsafe getenv("SIMULATION_LOUD") != nil
        let lines = round.world.story?.tell(of: isLoud ? nil : simplest.key, limit: isLoud ? .max : 40) ?? []
        for line in lines { say("    \(line)") }
    }

    func tell(seconds: Double) {
        let hours = Double(nanoseconds) / 3.6e12
        say(
            "\(rounds) rounds, \(faults.reduce(0, +)) faults, \(Decimals.format(hours, 1)) virtual hours, \(jobs) jobs in "
                + "\(Decimals.format(seconds, 1)) s: \(Decimals.format(Double(rounds - passed) / max(0.001, seconds), 1)) rounds a second"
        )
        let kinds = Fault.allCases.map { "\($0.rawValue) \(faults[$0.index])" }
        say("faults: \(kinds.joined(separator: ", "))")
        if !failures.isEmpty { say("failed: \(failures.map(String.init).joined(separator: " "))") }
    }

    var json: String {
        var line = JSONText()
        line.set("rounds", rounds)
        line.set("faults", faults.reduce(0, +))
        line.set("virtualHours", Double(nanoseconds) / 3.6e12, decimals: 1)
        return line.object.dropLast()
            + ",\"failures\":[\(failures.map(String.init).joined(separator: ","))],\"trace\":\"\(String(trace, radix: 16))\"}"
    }
}

/// A line on standard output, at once: whoever follows it sees it, and it stays when the program is ended.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
}
