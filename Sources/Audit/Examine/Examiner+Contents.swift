import AndroidPackage
import ObjectModel
import Stores

extension Examiner {
    /// Reads every place that has the key, all at once, and puts the digests into the facts.
    ///
    /// - Returns: which places have bytes that are not those of their own ETags.
    func readAll(
        _ key: ObjectKey, _ look: inout Look, _ result: inout Result, isPackage: Bool
    ) async throws -> [Int] {
        let facts = look.facts
        var damaged: [Int] = []
        var packages: [Int: PackageEntry] = [:]
        try await withThrowingTaskGroup(of: (Int, Content, PackageEntry?).self) { group in
            for (index, place) in places.enumerated() where isCounted[index] {
                guard let store = place.store, let known = facts[index] else { continue }
                group.addTask(executorPreference: executor(key, index)) {
                    try await Self.at(index) {
                        guard isPackage else { return (index, try await read(key, known, store), nil) }
                        let (content, entry) = try await readPackage(key, known, place, store)
                        return (index, content, entry)
                    }
                }
            }
            for try await (index, content, package) in group {
                if !note(content, at: index, &look, &result) { damaged.append(index) }
                packages[index] = package
            }
        }
        result.packages = packages.sorted { $0.key < $1.key }.map(\.value)
        return damaged
    }

    /// Settles what the ETags leave open. One place is read, and its bytes hashed by the cuts of the others: where their
    /// ETags come out, they need no reading; the rest is read too.
    func resolve(
        _ key: ObjectKey, _ look: inout Look, _ result: inout Result, _ verdict: Verdict
    ) async throws -> Verdict {
        guard let reference = isCounted.firstIndex(of: true) else { return verdict }
        let open = ([reference] + places.indices.filter { verdict.reasons[$0]?.isOpen == true })
            .filter { places[$0].store != nil }
        // A whole-object ETag tells nothing about another place's; one in parts may be found again.
        guard let base = open.first(where: { !(look.facts[$0]?.etag.isComposite ?? false) }) ?? open.first,
            let known = look.facts[base], let store = places[base].store
        else { return verdict }
        var cuts: [(place: Int, layout: PartLayout)] = []
        for index in open where index != base {
            cuts += try await self.cuts(key, index, look).layouts.map { (index, $0) }
        }
        let layouts = cuts.map(\.layout)
        let content = try await Self.at(base) { try await read(key, known, store, cuts: layouts) }
        var damaged = note(content, at: base, &look, &result) ? [] : [base]
        var proven: Set<Int> = [base]
        for (cut, composite) in zip(cuts, content.composites) where look.facts[cut.place]?.etag == composite {
            proven.insert(cut.place)
        }
        for index in open where !proven.contains(index) {
            guard let facts = look.facts[index], let store = places[index].store else { continue }
            if case .same = Agreement.of(look.facts[base] ?? known, facts, isEncrypted: look.isEncrypted) {
                proven.insert(index)
                continue
            }
            let content = try await Self.at(index) { try await read(key, facts, store) }
            if !note(content, at: index, &look, &result) { damaged.append(index) }
        }
        let facts = look.facts
        let isEncrypted = look.isEncrypted
        var settled = Verdict.of(facts, isCounted: isCounted) { one, other in
            guard let left = facts[one], let right = facts[other] else { return .same }
            let known = Agreement.of(left, right, isEncrypted: isEncrypted)
            guard case .open = known else { return known }
            // What was read stands for all that were found equal to it.
            let (one, other) = (proven.contains(one) ? base : one, proven.contains(other) ? base : other)
            guard one != other, let left = facts[one], let right = facts[other] else { return .same }
            return Agreement.of(left, right, isEncrypted: isEncrypted)
        }
        settled.blame(damaged.filter { !isConfirmed($0, settled, look) })
        return settled
    }

    /// The places whose open composite ETags are of the reference's cut, so that they show other bytes.
    func equalCuts(_ key: ObjectKey, _ look: Look, _ verdict: Verdict) async throws -> [Int] {
        guard !look.isEncrypted, let reference = isCounted.firstIndex(of: true),
            let first = try await toldCut(key, reference, look)
        else { return [] }
        var equal: [Int] = []
        for index in places.indices where verdict.reasons[index] == .layout {
            if try await toldCut(key, index, look) == first { equal.append(index) }
        }
        return equal
    }

    /// The cut that a place's server tells; nil where it does not.
    private func toldCut(_ key: ObjectKey, _ index: Int, _ look: Look) async throws -> PartLayout? {
        let cuts = try await cuts(key, index, look)
        return cuts.areCertain ? cuts.layouts.first : nil
    }

    /// The cuts that the object may have at a place.
    private func cuts(_ key: ObjectKey, _ index: Int, _ look: Look) async throws -> PartCuts {
        guard let facts = look.facts[index], let size = facts.size, let store = places[index].store else {
            return PartCuts(layouts: [], areCertain: false)
        }
        return try await Self.at(index) { try await ContentReader(store: store).cuts(key, facts.etag, size) }
    }

    /// Reads one place. Other bytes than it told of are a change, unless it goes on telling of the same: then it gives what
    /// is not the object.
    func read(
        _ key: ObjectKey, _ known: ObjectFacts, _ store: any ReadableStore, cuts: [PartLayout] = [],
        tap: PackageTap? = nil
    ) async throws -> Content {
        let size = known.size ?? 0
        let content = try await ContentReader(store: store).read(
            key, etag: known.etag, size: size, cuts: cuts, tap: tap)
        guard content.info.size != size else { return content }
        guard let now = try await store.head(key), now.size == size, now.etag == content.info.etag else {
            throw Changing()
        }
        return content
    }

    /// Takes up what reading told of one place.
    ///
    /// - Returns: whether the bytes are those that the place tells of, as far as that can be told.
    private func note(
        _ content: Content, at index: Int, _ look: inout Look, _ result: inout Result
    ) -> Bool {
        let isWhole = content.info.size == look.facts[index]?.size
        if !isWhole { look.given[index] = content.info.size }
        look.facts[index]?.md5 = content.md5
        look.facts[index]?.sha256 = content.sha256
        look.infos[index] = content.info
        look.read.insert(index)
        result.bytesRead += content.info.size
        result.isRead = true
        return isWhole && content.matchesETag != false
    }

    /// Spreads reads over the threads.
    private func executor(_ key: ObjectKey, _ index: Int) -> any TaskExecutor {
        executors[(Int(key.bytes.last ?? 0) + index) % executors.count]
    }
}

extension ETag {
    fileprivate var isComposite: Bool { if case .composite = self { true } else { false } }
}
