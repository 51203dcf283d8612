import ObjectModel

/// What the facts of all places say of a key. Pure.
struct Verdict: Hashable {
    var state: Finding.State
    var reason: Finding.Reason?
    /// Which places are at fault, in their order.
    var atFault: [Bool]

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
    /// The first row that fits decides; every place that a row speaks of is at fault.
    static func of(
        _ facts: [ObjectFacts?], isCounted: [Bool], agreement: (Int, Int) -> Agreement
    ) -> Verdict {
        var verdict = Verdict(state: .identical, reason: nil, atFault: Array(repeating: false, count: facts.count))
        guard let reference = isCounted.firstIndex(of: true) else { return verdict }
        guard facts[reference] != nil else {
            for index in facts.indices where isCounted[index] && facts[index] != nil {
                verdict.atFault[index] = true
                verdict.state = .extra
                verdict.reason = .extra
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

    private mutating func add(_ index: Int, _ state: Finding.State, _ reason: Finding.Reason) {
        atFault[index] = true
        let order: [Finding.State] = [.identical, .unverifiable, .missing, .differs]
        let isWorse = (order.firstIndex(of: state) ?? 0) > (order.firstIndex(of: self.state) ?? 0)
        guard isWorse else { return }
        self.state = state
        self.reason = reason
    }

    /// Bytes that are not those of their server's own ETag outweigh what the places say of each other.
    mutating func blame(_ damaged: [Int]) {
        guard !damaged.isEmpty else { return }
        (state, reason) = (.differs, .corrupt)
        atFault = atFault.indices.map { damaged.contains($0) }
    }
}
