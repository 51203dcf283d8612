import ObjectModel
import Runtime

@testable import MirrorEngine

/// One line of a script: `TIME VERB WORD… NAME=VALUE… : TEXT`.
struct WatchScriptLine {
    /// Nanoseconds.
    let time: Int64
    let verb: String
    private let words: Set<String>
    private let fields: [String: String]
    private let text: String?

    init(_ line: String) throws {
        let parts = line.firstRange(of: ": ").map { (line[..<$0.lowerBound], line[$0.upperBound...]) }
        text = parts.map { String($0.1) }
        var words = (parts?.0 ?? line[...]).split(separator: " ").map(String.init)
        if words.first == "options" {
            time = 0
        } else {
            guard let first = words.first, let seconds = Double(first) else {
                throw WatchScript.Fault(description: "has no time")
            }
            time = Int64((seconds * 1e9).rounded())
            words.removeFirst()
        }
        verb = words.first ?? ""
        var fields: [String: String] = [:]
        for word in words where word.contains("=") {
            let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
            fields[pair[0]] = pair.count > 1 ? pair[1] : ""
        }
        self.fields = fields
        self.words = Set(words.dropFirst().filter { !$0.contains("=") })
        let known: Set = [
            "times", "created", "source", "target", "extra", "marked", "unproven", "attempt", "key", "retrying",
            "deletions", "of", "refused", "oldest", "in-flight", "aside", "unanswered", "as-of", "last-good", "number",
            "wall", "events", "max-delete", "poll", "reconcile", "retry-limit",
        ]
        guard known.isSuperset(of: fields.keys) else {
            throw WatchScript.Fault(description: "unknown: \(Set(fields.keys).subtracting(known))")
        }
    }

    private func has(_ word: String) -> Bool { words.contains(word) }

    func count(_ name: String) throws -> Int? {
        guard let field = fields[name] else { return nil }
        guard let number = Int(field) else { throw WatchScript.Fault(description: "\(name) is no number") }
        return number
    }

    private func number(_ name: String) throws -> Int { try count(name) ?? 0 }

    private func seconds(_ name: String) throws -> Int64? {
        guard let field = fields[name] else { return nil }
        guard let seconds = Double(field) else { throw WatchScript.Fault(description: "\(name) is no time") }
        return Int64((seconds * 1e9).rounded())
    }

    /// Whether a wider stream passes on what it hears.
    func options(_ rules: inout WatchState.Rules) throws -> Bool {
        if let events = fields["events"].flatMap(WatchOptions.Events.init) { rules.watch.events = events }
        if let interval = try seconds("poll") { rules.watch.pollInterval = .nanoseconds(interval) }
        if let interval = try seconds("reconcile") { rules.watch.reconcileInterval = .nanoseconds(interval) }
        if let limit = try count("retry-limit") { rules.watch.retryLimit = limit }
        if let most = fields["max-delete"] {
            if most.hasSuffix("%"), let percent = Double(most.dropLast()) {
                rules.deletionGuard.limit = .percent(percent)
                rules.deletionGuard.floor = 0
            } else {
                rules.deletionGuard.limit = .count(try number("max-delete"))
            }
        }
        rules.deletionGuard.allowsEmptySource = has("allow-empty-source")
        return has("fed")
    }

    func input(_ script: WatchScript) throws -> WatchInput {
        switch verb {
        case "start":
            return .start(
                WatchInput.Memory(
                    paused: text, sawEmptySource: has("source-was-empty"), wasKilled: has("killed"),
                    lastGood: try seconds("last-good").map(script.moment)))
        case "stop": return .stop
        case "feed": return .feed(try news, number: try count("number") ?? (has("passed-on") ? nil : script.openFeed))
        case "fed": return .fed(true)
        case "unfed": return .fed(false)
        case "overflow": return .overflowed
        case "request": return .request
        case "approve": return .approve(created: try number("created"))
        case "target-ready": return .targetReady
        case "read":
            return .reading(
                WatchInput.Reading(start: try wall(script), unproven: try number("unproven")))
        case "listed":
            return .listed(
                WatchInput.Listed(
                    source: try amount("source"), target: try amount("target"), extra: try number("extra")))
        case "reconciled":
            return .reconciled(
                WatchInput.Reconciled(
                    startAtSource: script.startOfReading, end: try wall(script), marked: try number("marked"),
                    unproven: try number("unproven")))
        case "reconcile-failed":
            return .reconcileFailed(
                text ?? "", lacksSource: has("lacks-source"), lacksBucket: has("lacks-source") || has("lacks-target"))
        default: return try jobInput(script)
        }
    }

    private func jobInput(_ script: WatchScript) throws -> WatchInput {
        switch verb {
        case "job-done": return .jobSucceeded(attempt: try number("attempt"))
        case "job-failed":
            return .jobFailed(
                WatchInput.FailedJob(
                    key: ObjectKey(fields["key"] ?? "k"), cause: try cause, attempt: try number("attempt"),
                    text: text ?? "", concernsAll: has("for-all"), lacksTarget: has("lacks-target"),
                    retrying: try number("retrying")))
        case "due":
            let present = try count("of").map { Deletions.Present(objects: $0, created: try number("created")) }
            return .deletionsDue(try number("deletions"), of: present)
        case "ended":
            guard let admitted = script.admitted else { throw WatchScript.Fault(description: "none was admitted") }
            return .deletionsEnded(admitted, refused: try number("refused"))
        case "held":
            guard let reason = has("empty-source") ? .emptySource(targetObjects: nil) : script.held else {
                throw WatchScript.Fault(description: "none was held")
            }
            return .deletionHeld(reason)
        case "look": return .looked(try facts(script))
        default: throw WatchScript.Fault(description: "no such input")
        }
    }

    private func facts(_ script: WatchScript) throws -> WatchInput.KeyFacts {
        var facts = WatchInput.KeyFacts(asOf: try seconds("as-of") ?? time)
        facts.oldest = try seconds("oldest")
        facts.inFlight = try number("in-flight")
        facts.putAside = try number("aside")
        facts.isHearing = has("hearing")
        facts.unproven = try number("unproven")
        facts.unanswered = (fields["unanswered"] ?? "").split(separator: ",").map { ObjectKey(String($0)) }
        facts.created = try count("created")
        return facts
    }

    /// The wall's clock shows what the monotonic one does, where it is not said otherwise.
    private func wall(_ script: WatchScript) throws -> Timestamp { script.moment(try seconds("wall") ?? time) }

    private func amount(_ name: String) throws -> Amount {
        Amount(objects: try number(name), bytes: 0)
    }

    private var news: WatchInput.FeedNews {
        get throws {
            if has("live") { return .live }
            if has("lost") { return .lost(text ?? "") }
            if has("unavailable") { return .unavailable(text ?? "") }
            throw WatchScript.Fault(description: "the feed says nothing")
        }
    }

    private var cause: RetryPlan.Cause {
        get throws {
            if has("changed") { return .changed }
            if has("condition") { return .condition }
            if has("object") { return .object }
            throw WatchScript.Fault(description: "no cause")
        }
    }
}
