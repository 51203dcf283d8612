import ObjectModel

/// What the facts of all places say of a key. Pure.
struct Verdict: Hashable {
    var state: Finding.State
    var reason: Finding.Reason?
    /// What is wrong with each place, in their order; nil where nothing is.
    var reasons: [Finding.Reason?]

    init(_ state: Finding.State, _ reason: Finding.Reason? = nil, places: Int) {
        (self.state, self.reason) = (state, reason)
        reasons = Array(repeating: nil, count: places)
    }

    /// Which places are at fault, in their order. One that is merely open is so only where nothing worse was found.
    var atFault: [Bool] {
        reasons.map { reason in
            guard let reason else { return false }
            return !reason.isOpen || state == .unverifiable
        }
    }

    /// Whether a place is known to have something else than the reference.
    var isDifferent: Bool { reasons.contains { $0?.isOpen == false } }

    /// Whether something is left to be settled by reading, whatever else was found.
    var hasOpen: Bool { reasons.contains { $0?.isOpen == true } }

    /// The first place that is counted is the reference.
    ///
    /// - Parameters:
    ///   - facts: what each place has; nil where it is absent.
    ///   - isCounted: which places were reached.
    ///   - agreement: what two of them say together, the reference's first.
    ///
    /// | the reference | others | |
    /// |---|---|---|
    /// | has it | one differs | differs |
    /// | has it | one lacks it | missing |
    /// | has it | one is open | unverifiable |
    /// | has it | all are the same | identical |
    /// | lacks it | one has it | extra |
    ///
    /// The first row that fits decides what the key is said to be; what is wrong with each place is told beside it.
    static func of(
        _ facts: [ObjectFacts?], isCounted: [Bool], agreement: (Int, Int) -> Agreement
    ) -> Verdict {
        var verdict = Verdict(.identical, places: facts.count)
        guard let reference = isCounted.firstIndex(of: true) else { return verdict }
        guard facts[reference] != nil else {
            for index in facts.indices where isCounted[index] && facts[index] != nil {
                verdict.add(index, .extra, .extra)
            }
            return verdict
        }
        for index in facts.indices where isCounted[index] && index != reference {
            if facts[index] == nil {
                verdict.add(index, .missing, .missing)
                continue
            }
            switch agreement(reference, index) {
            case .same: break
            case .differ(let reason): verdict.add(index, .differs, reason)
            case .open(let reason): verdict.add(index, .unverifiable, reason)
            }
        }
        return verdict
    }

    /// Takes note of what is wrong with one place; the key's state and reason are those of the worst.
    mutating func add(_ index: Int, _ state: Finding.State, _ reason: Finding.Reason) {
        reasons[index] = reason
        let order: [Finding.State] = [.identical, .unverifiable, .extra, .missing, .differs]
        let isWorse = (order.firstIndex(of: state) ?? 0) > (order.firstIndex(of: self.state) ?? 0)
        guard isWorse else { return }
        self.state = state
        self.reason = reason
    }

    /// Bytes that are not those of their server's own ETag outweigh what the places say of each other.
    mutating func blame(_ damaged: [Int]) {
        guard !damaged.isEmpty else { return }
        (state, reason) = (.differs, .corrupt)
        reasons = reasons.indices.map { damaged.contains($0) ? .corrupt : nil }
    }
}
