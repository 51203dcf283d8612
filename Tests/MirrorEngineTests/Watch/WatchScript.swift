import ObjectModel
import Runtime

@testable import MirrorEngine

/// A script of `Fixtures/Watch`, and how it is played; `Fixtures/Watch/FORMAT.md` is its grammar.
///
/// Each line that is not indented is an input with its time; the indented ones below are the effects that must follow.
/// The player is all of the world: it sends `wake` when the state asked for it, and its dice always show the middle, so
/// a pause that is drawn from 0 to 0.2 s is 0.1 s. Whatever the script expects, some things hold after every step; see
/// `check`.
struct WatchScript {
    /// A generator that always draws the middle of a range.
    struct Middle: RandomNumberGenerator {
        mutating func next() -> UInt64 { 1 << 63 }
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// The script as it would read if what happens were what is expected.
    private(set) var lines: [String] = []
    private var state: WatchState
    private var random = Middle()
    private var now: Int64 = 0
    private var wakeAt = Int64.max
    // What the player has to know to answer.
    var openFeed: Int?
    var admitted: Deletions.Admitted?
    var held: HeldReason?
    private var isGateOpen = false
    private var isUnderWay = false
    private var isStopped = false

    /// Plays a script.
    init(playing text: String) throws {
        let script = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var rules = WatchState.Rules()
        rules.deletionGuard.limit = .count(5)
        var isFed = false
        for line in script where line.hasPrefix("options") {
            isFed = try WatchScriptLine(line).options(&rules)
        }
        state = WatchState(rules, isFed: isFed, now: 0)
        for line in script where !line.hasPrefix("    ") {
            lines.append(line)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix("options") { continue }
            do {
                try play(WatchScriptLine(line))
            } catch let fault as Fault {
                throw Fault(description: "\(line): \(fault)")
            }
        }
    }

    private mutating func play(_ line: WatchScriptLine) throws {
        guard line.time >= now else { throw Fault(description: "comes before the line above") }
        // A clock that wakes for ever would be a watch that never sleeps.
        var wakes = 0
        while wakeAt <= line.time, !isStopped {
            wakes += 1
            guard wakes < 1000 else { throw Fault(description: "is woken without end") }
            now = max(now, wakeAt)
            tell(try step(.wake), prefix: "\(Self.seconds(now)) ")
        }
        now = line.time
        if line.verb == "pass" { return }
        if line.verb == "status" { return tell([status]) }
        var repeated: (effects: [String], times: Int) = ([], 0)
        for _ in 0..<(try line.count("times") ?? 1) {
            let effects = try step(line.input(self))
            if effects == repeated.effects {
                repeated.times += 1
            } else {
                tell(repeated.effects, times: repeated.times)
                repeated = (effects, 1)
            }
        }
        tell(repeated.effects, times: repeated.times)
    }

    private mutating func tell(_ effects: [String], prefix: String = "", times: Int = 1) {
        for effect in effects { lines.append("    \(prefix)\(effect)\(times > 1 ? " (\(times) times)" : "")") }
    }

    private mutating func step(_ input: WatchInput) throws -> [String] {
        if case .wake = input { wakeAt = .max }
        let effects = state.step(input, now: now, using: &random)
        try check(input, effects)
        for effect in effects {
            switch effect {
            case .wake(let moment): wakeAt = moment
            case .openFeed(let number): openFeed = number
            case .closeFeed: openFeed = nil
            case .deletions(.admitted(let those)): admitted = those
            case .deletions(.held(let reason, _)): held = reason
            default: break
            }
        }
        return effects.map { $0.line(at: now) }
    }

    /// What holds after every step of every script.
    private mutating func check(_ input: WatchInput, _ effects: [WatchEffect]) throws {
        switch input {
        case .stop: isStopped = true
        case .reconciled, .reconcileFailed: isUnderWay = false
        default: break
        }
        for effect in effects {
            switch effect {
            case .begin:
                guard !isUnderWay else { throw Fault(description: "begins a second reconcile beside the first") }
                isUnderWay = true
            case .openGate: isGateOpen = true
            case .closeGate: isGateOpen = false
            default: break
            }
            if isStopped, effect.isBeginning { throw Fault(description: "begins something after the stop") }
        }
        guard isGateOpen == (state.health.isTargetReady && !state.health.breaker.isOpen) else {
            throw Fault(description: "the gate is not as it should be")
        }
        guard isUnderWay == state.isReconciling || isStopped else {
            throw Fault(description: "does not know whether a reconcile is under way")
        }
        if state.deletions.paused != nil, state.deletions.approval != nil {
            throw Fault(description: "has an approval beside a pause")
        }
    }

    private var status: String {
        var status = WatchStatus()
        state.fill(&status)
        var words = ["\(status.feed)"]
        if status.isReconciling { words.append("reconciling") }
        if let gone = status.serverGone { words.append("server gone: \(gone)") }
        if status.heldDeletes > 0 { words.append("\(status.heldDeletes) held") }
        if let paused = status.deletesPaused { words.append("paused: \(paused)") }
        if let objection = status.objection { words.append("objection: \(objection)") }
        if let approval = state.deletions.approval { words.append("approved: \(approval.use)") }
        if let identical = status.lastIdentical {
            words.append("identical as of \(Self.seconds(identical.milliseconds * 1_000_000))")
        }
        return words.joined(separator: "; ")
    }

    /// For example `0.250`.
    static func seconds(_ nanoseconds: Int64) -> String {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let digits = String(rest / 1_000_000)
        return "\(whole).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
    }

    func moment(_ time: Int64) -> Timestamp { Timestamp(milliseconds: time / 1_000_000) }

    var startOfReading: Timestamp { state.reconciles.running?.reading?.start ?? moment(0) }
}

extension WatchEffect {
    /// What no watch may do that was stopped.
    fileprivate var isBeginning: Bool {
        switch self {
        case .openFeed, .begin, .read, .allowOne, .lookAgain, .askServers: true
        default: false
        }
    }
}
