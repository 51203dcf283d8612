import Listings
import ObjectModel
import Runtime
import Scratch
import Stores

/// The second pass: the keys that the listings left open, one by one, told in their order.
extension AuditRun {
    func examine(_ listed: Listed, _ outcome: inout Outcome) async throws {
        var isCounted = listed.isCounted
        let lines = Dictionary(uniqueKeysWithValues: (manifest?.entries ?? []).map { ($0.key, $0.digest.facts) })
        while isCounted.contains(true) {
            let records = try await listed.candidates.next(limit: 256)
            guard !records.isEmpty else { return }
            let candidates = records.map { Candidate(record: $0) { lines[$0] } }
            try await inOrder(candidates, &isCounted, &outcome)
        }
    }

    /// Keys that are looked at at the same time. Reading whole takes memory, and one key keeps several places busy.
    private var width: Int {
        switch options.depth {
        case .everything, .sample: 8
        case .listings, .resolving: 32
        }
    }

    private func inOrder(
        _ candidates: [Candidate], _ isCounted: inout [Bool], _ outcome: inout Outcome
    ) async throws {
        let examiner = Examiner(
            places: places, options: options, isCounted: isCounted, executors: executors, time: time)
        let isCompared = isCounted.count { $0 } >= min(2, places.count)
        var results: [Int: Examiner.Result] = [:]
        var lost: [Int: String] = [:]
        try await withThrowingTaskGroup(of: (Int, Examiner.Result).self) { group in
            var (next, told) = (0, 0)
            while told < candidates.count {
                while next < candidates.count, next - told < 4 * width, next - told - results.count < width {
                    let index = next
                    let candidate = candidates[index]
                    group.addTask { (index, await examiner.examine(candidate)) }
                    next += 1
                }
                if let result = results.removeValue(forKey: told) {
                    if let (place, reason) = result.lost {
                        lost[place] = reason
                        results[told] = result
                        break
                    }
                    take(result, candidates[told], isCompared: isCompared, &outcome)
                    told += 1
                    continue
                }
                guard let (index, result) = try await group.next() else { break }
                results[index] = result
            }
            if told < candidates.count, !lost.isEmpty {
                group.cancelAll()
            }
            if Task.isCancelled { throw CancellationError() }
            outcome.told = told
        }
        guard !lost.isEmpty else { return }
        for (place, reason) in lost {
            isCounted[place] = false
            outcome.summary.places[place].error = reason
            observer(.notice("\(places[place].name) is out of reach and is not compared any further: \(reason)"))
        }
        guard isCounted.contains(true) else { return }
        try await inOrder(Array(candidates[outcome.told...]), &isCounted, &outcome)
    }

    /// - Parameter isCompared: whether there was another place; if not, nothing is said but what the APKs say.
    private func take(
        _ result: Examiner.Result, _ candidate: Candidate, isCompared: Bool, _ outcome: inout Outcome
    ) {
        if result.isGone {
            // Folders that some gateways list and nobody stored were not deleted.
            if candidate.key.bytes.last != UInt8(ascii: "/") { outcome.gone += 1 }
            progressState.withLock { $0.examined += 1 }
            return
        }
        if result.finding.state == .identical, !candidate.isSame {
            let holders = result.finding.places.count { $0.object != nil }
            if candidate.facts.count(where: { $0 != nil }) < holders { outcome.unlisted += 1 }
        }
        outcome.summary.bytesRead += result.bytesRead
        if result.isRead { outcome.summary.read += 1 }
        if isCompared {
            // What listings showed to be the same was counted then, unless it needed a look.
            if !candidate.isSame || needsLook(candidate.key) { outcome.summary.count(result.finding) }
            outcome.repair.add(result.finding)
            if result.finding.state != .identical || options.reportsIdentical { observer(.finding(result.finding)) }
        }
        progressState.withLock { progress in
            progress.examined += 1
            progress.bytesRead += result.bytesRead
        }
        for entry in result.packages {
            outcome.summary.apks += 1
            if !entry.isIntact { outcome.summary.packageProblems += 1 }
            outcome.book.add(entry, result.finding.places.first { $0.name == entry.place }?.object)
            observer(.package(entry))
        }
    }
}
