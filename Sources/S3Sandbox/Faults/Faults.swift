import ObjectModel
import Runtime

/// The rules in force, with how often each was met. Safe to use from any thread.
public final class Faults: Sendable {
    private struct Entry {
        let rule: FaultRule
        let key: WildcardPattern?
        var seen = 0
        var hits = 0
        var generator: SeededGenerator

        init(_ rule: FaultRule) {
            self.rule = rule
            key = rule.match.key.map(WildcardPattern.init)
            generator = SeededGenerator(seed: rule.match.seed)
        }
    }

    private let entries: Mutex<[Entry]>

    init(_ rules: [FaultRule]) {
        entries = Mutex(rules.map(Entry.init))
    }

    public func add(_ rules: FaultRule...) {
        add(rules)
    }

    public func add(_ rules: [FaultRule]) {
        entries.withLock { $0 += rules.map(Entry.init) }
    }

    public func removeAll() {
        entries.withLock { $0.removeAll() }
    }

    /// How often the rules with this name hit.
    public func hits(_ name: String) -> Int {
        entries.withLock { $0.filter { $0.rule.name == name }.reduce(0) { $0 + $1.hits } }
    }

    /// Counts the request and tells what it shall suffer.
    func plan(for head: RequestHead, _ operation: Operation, bucket: String, key: ObjectKey) -> FaultPlan {
        var plan = FaultPlan()
        entries.withLock { entries in
            for index in entries.indices {
                if Self.counts(&entries[index], head, operation, bucket, key) {
                    entries[index].hits += 1
                    plan.add(entries[index].rule)
                }
            }
        }
        return plan
    }

    private static func counts(
        _ entry: inout Entry, _ head: RequestHead, _ operation: Operation, _ bucket: String, _ key: ObjectKey
    ) -> Bool {
        let match = entry.rule.match
        guard match.operations.isEmpty || match.operations.contains(operation),
            match.methods.isEmpty || match.methods.contains(head.method),
            match.bucket == nil || match.bucket == bucket,
            entry.key?.matches(key.bytes) ?? true,
            match.query.allSatisfy({ head.query($0.key) == $0.value })
        else { return false }
        entry.seen += 1
        if let times = match.times, entry.hits >= times { return false }
        if entry.seen <= match.after { return false }
        if let nth = match.nth, entry.seen != nth { return false }
        if let every = match.every, every > 0, !(entry.seen - match.after).isMultiple(of: every) { return false }
        if let probability = match.probability, Double.random(in: 0..<1, using: &entry.generator) >= probability {
            return false
        }
        return true
    }
}
