import AndroidPackage
import Listings
import ObjectModel
import Runtime
import Stores

/// Looks at single keys on all places again, as closely as is asked for. Stateless: everything about the key is in the
/// arguments.
struct Examiner: Sendable {
    let places: [AuditPlace]
    let options: AuditOptions
    /// Which places were read to their ends.
    let isCounted: [Bool]
    /// Where reads run, in turn.
    let executors: [any TaskExecutor]
    let time: any Time

    /// What was found out about a key.
    struct Result: Sendable {
        var finding: Finding
        var packages: [PackageEntry] = []
        /// Of all places; 0 where nothing was read.
        var bytesRead: Int64 = 0
        var isRead = false
        /// Whether no place has the key any longer, so that there is nothing to be told of it.
        var isGone = false
        /// A place that is out of reach by now, and why.
        var lost: (place: Int, reason: String)?
    }

    /// A request to one of the places that failed.
    struct PlaceFailure: Error {
        let place: Int
        let error: StoreError
    }

    /// A key that is another one each time that it is looked at.
    struct Changing: Error {}

    /// A difference that may be on its way to be none: meanwhile some place has got something else than it had.
    private struct Moving: Error {
        let facts: [ObjectFacts?]
    }

    func examine(_ candidate: Candidate) async -> Result {
        var known = candidate.facts
        for attempt in 0..<4 {
            do {
                if attempt > 0 { await time.sleep(for: .milliseconds(100 << attempt)) }
                try Task.checkCancellation()
                return try await look(candidate, known, isAgain: attempt > 0)
            } catch let moving as Moving {
                known = moving.facts
            } catch let failure as PlaceFailure {
                switch failure.error.kind {
                case .preconditionFailed, .noSuchKey: continue
                case .unreachable, .untrusted:
                    var result = failed(candidate, .request, "\(failure.error)")
                    result.lost = (failure.place, "\(failure.error)")
                    return result
                default: return failed(candidate, .request, "\(failure.error)")
                }
            } catch is Changing {
                continue
            } catch {
                return failed(candidate, .request, "\(error)")
            }
        }
        return failed(
            candidate, .changing, "It kept changing while it was looked at; audit it again when it is left alone.")
    }

    private func failed(_ candidate: Candidate, _ reason: Finding.Reason, _ detail: String) -> Result {
        let verdict = Verdict(.error, reason, places: places.count)
        return Result(finding: finding(candidate.key, candidate.facts, verdict, detail))
    }

    // MARK: One look

    /// What a HEAD told of each place besides the facts.
    struct Look {
        var facts: [ObjectFacts?]
        var infos: [ObjectInfo?]
        /// Places that answer to the key and do not list it.
        var unlisted: Set<Int> = []
        /// Places whose bytes were read.
        var read: Set<Int> = []
        /// Bytes that a place gave where it tells of another number.
        var given: [Int: Int64] = [:]
        var isEncrypted: Bool { infos.contains { $0?.isEncrypted == true } }
    }

    /// - Parameters:
    ///   - known: what was found when the key was looked at last, at first by the listings.
    ///   - isAgain: whether what the listings told has turned out not to hold.
    private func look(_ candidate: Candidate, _ known: [ObjectFacts?], isAgain: Bool) async throws -> Result {
        let key = candidate.key
        let isPackage = options.packages.contains { unsafe $0.matches(key.bytes.span.bytes) }
        let reads = readsWhole(key)
        guard !candidate.isSame || reads || isPackage || options.checksMetadata else {
            return Result(finding: finding(key, candidate.facts, same, ""))
        }
        var look = Look(facts: candidate.facts, infos: Array(repeating: nil, count: places.count))
        if !candidate.isSame || options.checksMetadata || isAgain { look = try await heads(key, candidate) }
        var verdict = verdict(look)
        var result = Result(finding: finding(key, look.facts, verdict, ""))
        guard isCounted.indices.contains(where: { isCounted[$0] && look.facts[$0] != nil }) else {
            result.isGone = true
            return result
        }
        if verdict.isDifferent,
            isCounted.indices.contains(where: { isCounted[$0] && hasMoved(known[$0], look.facts[$0]) })
        {
            throw Moving(facts: look.facts)
        }
        if reads {
            let damaged = try await readAll(key, &look, &result, isPackage: isPackage)
            verdict = self.verdict(look)
            verdict.blame(damaged.filter { !isConfirmed($0, verdict, look) })
        } else if verdict.hasOpen, resolves {
            verdict = try await resolve(key, &look, &result, verdict)
        } else if verdict.reasons.contains(.layout) {
            for index in try await equalCuts(key, look, verdict) { verdict.add(index, .differs, .etag) }
        }
        var details: [String] = []
        if options.checksMetadata, verdict.state == .identical {
            let (found, names) = try await metadataVerdict(key, look)
            verdict = found
            if !names.isEmpty { details.append("Not the same: \(Explanation.listed(names)).") }
        }
        for (index, count) in look.given.sorted(by: { $0.key < $1.key }) {
            let told = look.facts[index]?.size ?? 0
            details.append("\(places[index].name) gives \(count) bytes where it tells of \(told).")
        }
        for index in look.unlisted.sorted() where verdict.reasons[index] == .missing {
            details.append("\(places[index].name) answers to the key, but does not list it.")
        }
        let sentences = [Explanation.of(verdict, places.map(\.name), read: look.read)] + details
        result.finding = finding(
            key, look.facts, verdict, sentences.filter { !$0.isEmpty }.joined(separator: " "))
        if isPackage, result.packages.isEmpty { result.packages = try await packages(key, look) }
        return result
    }

    /// Whether a place had something else before. A date tells too, to the second that a HEAD gives.
    private func hasMoved(_ before: ObjectFacts?, _ now: ObjectFacts?) -> Bool {
        guard let before, let now else { return (before == nil) != (now == nil) }
        if before.size != now.size { return true }
        if !before.etag.isAbsent, !now.etag.isAbsent { return before.etag != now.etag }
        guard let date = before.lastModified, let newDate = now.lastModified else { return false }
        return date.milliseconds / 1000 != newDate.milliseconds / 1000
    }

    private var same: Verdict {
        Verdict(.identical, places: places.count)
    }

    func verdict(_ look: Look) -> Verdict {
        Verdict.of(look.facts, isCounted: isCounted) { one, other in
            guard let left = look.facts[one], let right = look.facts[other] else { return .same }
            return Agreement.of(left, right, isEncrypted: look.isEncrypted)
        }
    }

    /// Whether a place's bytes are those of a manifest: then they are right, whatever its server's ETag says.
    func isConfirmed(_ index: Int, _ verdict: Verdict, _ look: Look) -> Bool {
        places[0].manifest != nil && look.facts[0] != nil && verdict.reasons[index] == nil && look.given[index] == nil
    }

    private func readsWhole(_ key: ObjectKey) -> Bool {
        switch options.depth {
        case .listings, .resolving: false
        case .everything: true
        case .sample(let sample): sample.includes(key)
        }
    }

    /// Whether what is open is to be settled by reading. A manifest asks for it by being given.
    private var resolves: Bool {
        if case .manifest = places[0].content { return true }
        return options.depth == .resolving || options.resolves
    }

    private func finding(
        _ key: ObjectKey, _ facts: [ObjectFacts?], _ verdict: Verdict, _ detail: String
    ) -> Finding {
        Finding(
            key: fullKey(key), state: verdict.state, reason: verdict.reason,
            places: places.indices.filter { isCounted[$0] }.map {
                Finding.Place(
                    name: places[$0].name, object: facts[$0], isAtFault: verdict.atFault[$0],
                    state: verdict.reasons[$0]?.state)
            }, detail: detail)
    }

    /// Lets a failure tell which place it is about.
    static func at<T>(_ place: Int, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as StoreError {
            throw PlaceFailure(place: place, error: error)
        }
    }

    func fullKey(_ key: ObjectKey) -> ObjectKey {
        (places.lazy.compactMap(\.store).first?.fullKey(key) ?? key).prefixed(by: options.keyPrefix)
    }

    // MARK: HEADs

    private func heads(_ key: ObjectKey, _ candidate: Candidate) async throws -> Look {
        var look = Look(facts: candidate.facts, infos: Array(repeating: nil, count: places.count))
        try await withThrowingTaskGroup(of: (Int, ObjectInfo?, Bool).self) { group in
            for (index, place) in places.enumerated() where isCounted[index] {
                guard let store = place.store else { continue }
                let wasListed = candidate.facts[index] != nil
                group.addTask {
                    try await Self.at(index) {
                        let info = try await store.head(key)
                        // What one of them says and the other one does not: the listing is what clients go by.
                        if (info != nil) == wasListed { return (index, info, true) }
                        let isListed = try await store.listed(key) != nil
                        return (index, info, isListed == (info != nil))
                    }
                }
            }
            for try await (index, info, isConsistent) in group {
                look.infos[index] = info
                look.facts[index] = info.map {
                    ObjectFacts(size: $0.size, etag: $0.etag, lastModified: $0.lastModified)
                }
                guard !isConsistent else { continue }
                if info == nil {
                    // Folders that some gateways list and nobody stored.
                    guard key.bytes.last == UInt8(ascii: "/"), candidate.facts[index]?.size == 0 else {
                        throw Changing()
                    }
                } else {
                    // It answers to this name and lists another one: by the listing it is not there.
                    look.facts[index] = nil
                    look.unlisted.insert(index)
                }
            }
        }
        // A HEAD without ETag or date leaves what the listing told.
        for index in places.indices {
            guard let listed = candidate.facts[index], var facts = look.facts[index], facts.etag.isAbsent,
                facts.size == listed.size
            else { continue }
            facts.etag = listed.etag
            look.facts[index] = facts
        }
        return look
    }
}
