/// Every kind of fault there is. A round draws which of them exist in it, and how often (swarm testing): rare ones are
/// not drowned by the others, and a failure is told by the few that it needs.
enum Fault: String, CaseIterable {
    // Answers.
    case serverError, slowDown, unreachable, lostAnswer, lateEffect, neverDone, slowness, hours, errorInside, gateway
    // Bytes.
    case truncated, damaged, stalled
    // Listings and deletions.
    case staleListing, tornListing, repeatedPage, falseDelete
    // Events.
    case eventLost, eventDoubled, eventLate, feedBroken, feedSilent, feedRefused
    // Processes.
    case kill, orderlyEnd, stateLost, stateOld, diskFull, stateReadOnly
    // Clocks, servers, people.
    case clockJump, clockDrift, outage, keysRevoked, wiped, restored, bucketGone, tampering
}

/// Which faults there are in a round, and how often each came.
final class Weather {
    /// By kind: the chance of each occasion (answers, bytes, events), or the number in a round (the rest).
    private var rates: [Double] = Array(repeating: 0, count: Fault.allCases.count)
    private(set) var counts: [Int] = Array(repeating: 0, count: Fault.allCases.count)
    /// Nothing goes wrong any more.
    var isCalm = false

    /// Draws from `dice`; the kinds of `leftOut` are drawn as well and then do not come. In a round that `isTold` nothing
    /// happens that a watch is not told of.
    init(_ dice: inout Dice, isTold: Bool, leftOut: Set<Fault>) {
        let isFine = dice.isLucky(0.05)
        let density = 0.05 + 0.35 * dice.fraction()
        for (index, fault) in Fault.allCases.enumerated() {
            let isPresent = dice.isLucky(density)
            let rate = Double(dice.spread(2_000, 200_000)) / 1_000_000
            let times = 1 + dice.below(3)
            guard isPresent, !isFine, !leftOut.contains(fault), !isTold || !Fault.untold.contains(fault) else {
                continue
            }
            rates[index] = fault.isScheduled ? Double(times) : rate
        }
    }

    func has(_ fault: Fault) -> Bool { rates[fault.index] > 0 }

    /// How often a scheduled kind comes.
    func times(_ fault: Fault) -> Int { Int(rates[fault.index]) }

    func count(_ fault: Fault) { counts[fault.index] += 1 }

    /// Whether it happens now.
    func strikes(_ fault: Fault, _ dice: inout Dice) -> Bool {
        guard !isCalm, rates[fault.index] > 0, dice.isLucky(rates[fault.index]) else { return false }
        count(fault)
        return true
    }

    /// One of `faults`, or none.
    func draw(_ faults: [Fault], _ dice: inout Dice) -> Fault? {
        guard !isCalm else { return nil }
        var chance = dice.fraction()
        for fault in faults where rates[fault.index] > 0 {
            chance -= rates[fault.index]
            if chance < 0 {
                count(fault)
                return fault
            }
        }
        return nil
    }

    var present: [Fault] { Fault.allCases.filter(has) }
}

extension Fault {
    /// What only a reconcile finds out, or has the engine forget.
    static let untold: Set<Fault> = [
        .eventLost, .feedSilent, .stateLost, .stateOld, .diskFull, .stateReadOnly, .wiped, .restored, .bucketGone,
        .tampering,
        .staleListing, .tornListing,
    ]

    var index: Int { Self.indices[self, default: 0] }
    private static let indices = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })

    /// Whether it comes so many times in a round, at times of its own.
    var isScheduled: Bool {
        switch self {
        case .kill, .orderlyEnd, .stateLost, .stateOld, .diskFull, .stateReadOnly, .clockJump, .clockDrift, .outage,
            .keysRevoked, .wiped, .restored, .bucketGone, .tampering:
            true
        default: false
        }
    }
}
