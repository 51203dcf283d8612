import ObjectModel
import Runtime
import Testing

@testable import MirrorEngine

/// Steps in any order that the shell could bring about. What must hold whatever the order was is judged by a model that knows
/// only what was put in and what came out.
@Suite("A watch's state, by steps at random")
struct WatchStepTests {
    /// The world around a state: its clock, the reconcile that is under way, and what was promised.
    private struct World {
        var random: SeededGenerator
        var state: WatchState
        var now: Int64 = 0
        var wakeAt = Int64.max
        var stage = Stage.none
        var number: Int?
        /// Wishes that no reconcile began to read after.
        var owed: Set<ReconcileReason> = [.start]
        /// Of the reconcile that reads: what it satisfies if it ends well.
        var promised: Set<ReconcileReason> = []
        var unproven = 0
        /// Whether anything was held or found unprovable since the last reconcile began to read.
        var isDoubtful = false
        /// How much each approval may still cover.
        var mayCover = 0
        var underWay: [Deletions.Admitted] = []
        var faults: [String] = []

        enum Stage: Hashable {
            case none, begun, reading, listed
        }

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            var rules = WatchState.Rules()
            rules.deletionGuard.limit = .count(5)
            rules.watch.events = Bool.random(using: &random) ? .auto : .listen
            state = WatchState(rules, now: 0)
        }

        mutating func step(_ input: WatchInput) {
            let approvalBefore = state.deletions.approval
            let identicalBefore = state.identity.last
            for effect in state.step(input, now: now, using: &random) { take(effect) }
            if let approval = state.deletions.approval, approval.seen != approvalBefore?.seen {
                mayCover = approval.seen
            }
            if state.identity.last != identicalBefore, isDoubtful { faults.append("identical in spite of doubts") }
        }

        private mutating func take(_ effect: WatchEffect) {
            switch effect {
            case .begin:
                if stage != .none { faults.append("two reconciles at once") }
                stage = .begun
            case .read:
                stage = .reading
                isDoubtful = false
                promised = state.feed.isUp ? owed : owed.intersection([.request])
                owed.subtract(promised)
            case .wake(let moment): wakeAt = moment
            case .openFeed(let number): self.number = number
            case .closeFeed: number = nil
            case .deletions(.admitted(let those)):
                mayCover -= those.approved
                if mayCover < 0 { faults.append("more was covered than was seen") }
                underWay.append(those)
            case .deletions(.held(let reason, _)):
                isDoubtful = true
                step(.deletionHeld(reason))
            default: break
            }
        }

        mutating func happen() {
            now += Int64.random(in: 0...400_000_000, using: &random)
            while wakeAt <= now {
                wakeAt = .max
                step(.wake)
            }
            switch Int.random(in: 0..<20, using: &random) {
            case 0: feed(.live)
            case 1: feed(.lost("lost"))
            case 2: feed(.unavailable("unavailable"))
            case 3:
                owed.insert(.request)
                step(.request)
            case 4:
                owed.insert(.gap)
                step(.overflowed)
            case 5: step(.approve(created: 0))
            case 6:
                step(.deletionsDue(.random(in: 1...7, using: &random), of: .init(objects: 40, created: 0)))
            case 7: endDeletions()
            case 8:
                unproven += 1
                isDoubtful = true
            case 9: look()
            case 10: job()
            default: goOn()
            }
        }

        private mutating func feed(_ news: WatchInput.FeedNews) {
            let wasUp = state.feed.standing
            step(.feed(news, number: number))
            if state.feed.standing != wasUp, state.feed.isUp { owed.insert(.gap) }
        }

        private mutating func endDeletions() {
            guard let those = underWay.popLast() else { return }
            let refused = Int.random(in: 0...(those.measured + those.approved), using: &random)
            mayCover += min(refused, those.approved)
            step(.deletionsEnded(those, refused: refused))
        }

        mutating func look() {
            var facts = WatchInput.KeyFacts(asOf: now)
            facts.unproven = unproven
            now += 1
            step(.looked(facts))
        }

        private mutating func job() {
            guard Int.random(in: 0..<3, using: &random) == 0 else { return step(.jobSucceeded(attempt: 0)) }
            let causes: [RetryPlan.Cause] = [.changed, .condition, .condition, .object]
            let cause = causes.randomElement(using: &random) ?? .changed
            step(
                .jobFailed(
                    WatchInput.FailedJob(
                        key: "k", cause: cause, attempt: 0, text: "failed", concernsAll: true, lacksTarget: false,
                        retrying: 0)))
        }

        /// The reconcile that is under way takes its next step.
        mutating func goOn(mayFail: Bool = true) {
            if stage != .none, mayFail, Int.random(in: 0..<8, using: &random) == 0 {
                if stage != .begun { owed.formUnion(promised) }
                stage = .none
                return step(
                    .reconcileFailed("failed", lacksSource: Bool.random(using: &random), lacksBucket: false))
            }
            switch stage {
            case .none: break
            case .begun:
                step(.targetReady)
                step(.reading(.init(start: Timestamp(milliseconds: now / 1_000_000), unproven: unproven)))
            case .reading:
                stage = .listed
                let extra = Int.random(in: 0...9, using: &random)
                let source = Amount(objects: .random(in: 0...40, using: &random), bytes: 0)
                step(.listed(.init(source: source, target: Amount(objects: 40, bytes: 0), extra: extra)))
                if state.deletions.objection != nil { isDoubtful = true }
            case .listed:
                stage = .none
                let moment = Timestamp(milliseconds: now / 1_000_000)
                step(.reconciled(.init(startAtSource: moment, end: moment, marked: 0, unproven: unproven)))
            }
        }
    }

    @Test(
        "No wish is lost, no approval covers more than was seen, and nothing doubtful is called identical",
        arguments: 0..<300 as Range<UInt64>)
    func steps(seed: UInt64) {
        var world = World(seed: seed)
        world.step(.start(.init()))
        for _ in 0..<400 { world.happen() }
        // Calm: the stream is up, and nothing fails any more.
        world.step(.feed(.live, number: world.number))
        for _ in 0..<40 {
            world.now = max(world.now, world.wakeAt < world.now + 20_000_000_000 ? world.wakeAt : world.now)
            world.step(.wake)
            for _ in 0..<3 { world.goOn(mayFail: false) }
            world.look()
        }
        #expect(world.faults.isEmpty, "seed \(seed)")
        #expect(world.owed.isEmpty, "seed \(seed)")
        #expect(world.state.reconciles.wishes.isEmpty, "seed \(seed)")
    }
}
