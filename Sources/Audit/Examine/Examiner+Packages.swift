import AndroidPackage
import ObjectModel
import Stores

extension Examiner {
    /// The APK on each place that has it, read by a few ranges.
    func packages(_ key: ObjectKey, _ look: Look) async throws -> [PackageEntry] {
        try await withThrowingTaskGroup(of: (Int, PackageEntry).self) { group in
            for (index, place) in places.enumerated() where isCounted[index] {
                guard let store = place.store, let known = look.facts[index] else { continue }
                group.addTask {
                    try await Self.at(index) { (index, try await packageEntry(key, known, place, store)) }
                }
            }
            var entries: [Int: PackageEntry] = [:]
            for try await (index, entry) in group { entries[index] = entry }
            return entries.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private func packageEntry(
        _ key: ObjectKey, _ known: ObjectFacts, _ place: AuditPlace, _ store: any ReadableStore
    ) async throws -> PackageEntry {
        let source = StoredPackage(store: store, key: key, etag: known.etag, size: known.size ?? 0)
        var entry = PackageEntry(place: place.name, key: fullKey(key), facts: nil, problems: [], isVerified: false)
        do {
            let facts = try await AndroidPackage.facts(of: source)
            entry.facts = facts
            entry.problems = facts.problems.map(\.description)
        } catch let error as PackageError {
            entry.problems = [error.description]
        }
        return entry
    }

    /// Reads an APK whole, once: its digests, and whether its builder's signatures fit the bytes.
    func readPackage(
        _ key: ObjectKey, _ known: ObjectFacts, _ place: AuditPlace, _ store: any ReadableStore
    ) async throws -> (Content, PackageEntry) {
        let source = StoredPackage(store: store, key: key, etag: known.etag, size: known.size ?? 0)
        var entry = PackageEntry(place: place.name, key: fullKey(key), facts: nil, problems: [], isVerified: true)
        do {
            let facts = try await AndroidPackage.facts(of: source)
            entry.facts = facts
            entry.problems = facts.problems.map(\.description)
            let tap = PackageTap(facts)
            let content = try await read(key, known, store, tap: tap)
            let damage: [PackageProblem]
            if let tap {
                damage = tap.finish()
            } else {
                damage = try await AndroidPackage.verify(source, facts: facts)
            }
            if !facts.schemes.isEmpty {
                entry.isGenuine = (facts.problems + damage).allSatisfy { !$0.kind.isOfSignedBytes }
            }
            for problem in damage where !entry.problems.contains(problem.description) {
                entry.problems.append(problem.description)
            }
            return (content, entry)
        } catch let error as PackageError {
            entry.problems = [error.description]
            return (try await read(key, known, store), entry)
        } catch let error as StoredPackage.ShortRange {
            entry.problems.append(error.description)
            return (try await read(key, known, store), entry)
        }
    }
}

extension PackageProblem.Kind {
    /// Whether it says that the bytes are not known to be those that were signed.
    fileprivate var isOfSignedBytes: Bool {
        switch self {
        case .notPackage, .truncated, .brokenZip, .badSignature, .badDigest, .downgrade: true
        case .badManifest, .unsigned, .unsupported: false
        }
    }
}
