import ObjectModel
import Runtime

@testable import MirrorEngine

extension WatchEffect {
    /// As a script has it.
    func line(at now: Int64) -> String {
        switch self {
        case .openFeed(let number): "open feed \(number)"
        case .closeFeed: "close feed"
        case .begin(let preparation):
            "begin" + (preparation.makesTarget ? ", making the target" : "")
                + (preparation.asksServers ? ", asking both servers" : "")
        case .openGate: "open gate"
        case .closeGate: "close gate"
        case .allowOne: "allow one"
        case .wakeKeys: "wake keys"
        case .wakeConditions: "wake conditions"
        case .remember(let fact, nil): "forget \(fact.rawValue)"
        case .remember(let fact, let value?): "remember \(fact.rawValue): \(value)"
        case .wake(.max): "no wake"
        case .wake(let moment): moment <= now ? "wake now" : "wake at \(WatchScript.seconds(moment))"
        case .tell(let event): "tell \(event.line)"
        case .lookAgain(let keys): "look again: \(keys.map(\.description).sorted().joined(separator: " "))"
        case .askServers: "ask servers"
        case .read(let plan): plan.line
        case .markExtras: "mark extras"
        case .again(let again): again.line
        case .deletions(let answer): answer.line
        case .recordIdentity(let moment): "record identical as of \(moment.line)"
        }
    }
}

extension WatchEffect.ReadPlan {
    fileprivate var line: String {
        let since =
            switch lastGood {
            case nil: ""
            case .here(let moment): ", headers doubtful since \(moment.line) here"
            case .atSource(let moment): ", headers doubtful since \(moment.line)"
            }
        return "read" + (comparesHeaders ? ", all headers" : "") + (comparesDropped ? ", dropped headers" : "") + since
    }
}

extension WatchEffect.Again {
    fileprivate var line: String {
        switch self {
        case .forget: "key: forget"
        case .putBack(let attempt): "key: put back, attempt \(attempt)"
        case .later(let attempt, let due, let isCondition):
            "key: at \(WatchScript.seconds(due)), attempt \(attempt)" + (isCondition ? ", or with others" : "")
        case .putAside(let attempt): "key: put aside, attempt \(attempt)"
        }
    }
}

extension Deletions.Answer {
    fileprivate var line: String {
        switch self {
        case .admitted(let those): "delete: \(those.measured) measured, \(those.approved) approved"
        case .held(let reason, _): "hold: \(reason)"
        case .unknown: "delete later"
        }
    }
}

extension Timestamp {
    fileprivate var line: String { WatchScript.seconds(milliseconds * 1_000_000) }
}

extension WatchEvent {
    fileprivate var line: String {
        switch self {
        case .object(let report, _): "object \(report.key)"
        case .notice(let text): "notice: \(text)"
        case .listening: "listening"
        case .polling(let interval, let reason):
            "polling every \(WatchScript.seconds(interval.nanoseconds)): \(reason)"
        case .streamLost(let reason): "stream-lost: \(reason)"
        case .reconcileBegan(let reason): "reconcile-begin \(reason.rawValue)"
        case .reconcileEnded(let outcome):
            "reconcile-end \(outcome.reason.rawValue): \(outcome.source.objects) and \(outcome.target.objects), "
                + "\(outcome.different) marked, \(outcome.extra) extra" + (outcome.isHeld ? ", held" : "")
        case .reconcileFailed(let text): "reconcile-failed: \(text)"
        case .retry(let key, let error, let attempt): "retry \(key), attempt \(attempt): \(error)"
        case .serverGone(let text): "server-gone: \(text)"
        case .serverBack: "server-back"
        case .guarded(let text): "guarded: \(text)"
        case .deletesPaused(let text): "deletes-paused: \(text)"
        case .deletesResumed: "deletes-resumed"
        }
    }
}
