import AndroidPackage
import ObjectModel

/// All APKs that an audit met, and what they say together: the newest versions, signers, versions that stand for different
/// bytes. Pure; holds a few hundred bytes an APK.
public struct PackageBook: Sendable {
    private struct Release: Hashable, Sendable {
        var place: String
        var key: ObjectKey
        var version: PackageVersion
        var signers: Set<String>
        var lineage: Set<String>
        /// What tells the bytes: size and a digest, if there is one that other places' can be compared with.
        var bytes: ObjectFacts?
        var isIntact: Bool
    }

    /// By package.
    private var releases: [String: [Release]] = [:]
    private let places: [String]
    private let expectations: [String: String]

    public init(places: [String], expectations: [String: String]) {
        self.places = places
        self.expectations = expectations
    }

    mutating func add(_ entry: PackageEntry, _ object: ObjectFacts?) {
        // One whose manifest cannot be read is told by itself; there is no package to put it under.
        guard let facts = entry.facts, !facts.package.isEmpty else { return }
        releases[facts.package, default: []].append(
            Release(
                place: entry.place, key: entry.key, version: PackageVersion(facts), signers: Set(facts.signers),
                lineage: Set(facts.lineage), bytes: object, isIntact: entry.isIntact))
    }

    /// In the order of the packages' names; packages that are expected and were not met are among them.
    ///
    /// - Parameter unreached: places that were not read to their ends; what they lack is not known, so they are left out.
    public func findings(without unreached: Set<String> = []) -> [PackageFinding] {
        let places = places.filter { !unreached.contains($0) }
        return Set(releases.keys).union(expectations.keys).sorted().map { finding($0, places) }
    }

    private func finding(_ package: String, _ places: [String]) -> PackageFinding {
        let all = releases[package] ?? []
        let newest = places.map { place in
            all.filter { $0.place == place }.map(\.version).max { $0.code < $1.code }
        }
        let agrees = Set(newest.map { $0?.text }).count <= 1
        var problems: [String] = []
        var isMet = true
        if !agrees {
            problems.append("The newest versions of \(package) differ: \(Self.told(newest, places)).")
        }
        if let expected = expectations[package] {
            let wrong = zip(places, newest).filter { $0.1?.text != expected }
            if !wrong.isEmpty {
                problems.append(
                    "\(package) is expected to be \(expected): \(Self.told(wrong.map(\.1), wrong.map(\.0))).")
            }
            let broken = places.filter { place in
                let held = all.filter { $0.place == place && $0.version.text == expected }
                return !held.isEmpty && !held.contains(where: \.isIntact)
            }
            if !broken.isEmpty {
                problems.append(
                    "\(package) is expected to be \(expected), which cannot be installed from \(Explanation.listed(broken))."
                )
            }
            isMet = wrong.isEmpty && broken.isEmpty
        }
        problems += Self.differentBytes(package, all) + signerProblems(package, all)
        problems += Self.backwards(all, places, newest)
        return PackageFinding(
            package: package, newest: Array(zip(places, newest.map { $0?.text })).map { (place: $0.0, version: $0.1) },
            agrees: agrees, expected: expectations[package], isMet: isMet, problems: problems)
    }

    private static func told(_ versions: [PackageVersion?], _ places: [String]) -> String {
        Explanation.listed(zip(places, versions).map { "\($0) has \($1?.text ?? "none")" })
    }

    /// One version that stands for different bytes.
    private static func differentBytes(_ package: String, _ releases: [Release]) -> [String] {
        let byVersion = Dictionary(grouping: releases) { $0.version.text }
        return byVersion.sorted { $0.key < $1.key }.compactMap { version, releases in
            guard let first = releases.first(where: { $0.bytes != nil }), let bytes = first.bytes else { return nil }
            let other = releases.first { release in
                guard let others = release.bytes, case .differ = Agreement.of(bytes, others) else { return false }
                return true
            }
            return other.map {
                "\(package) \(version) stands for different bytes: \(name(first)) and \(name($0))."
            }
        }
    }

    private static func name(_ release: Release) -> String { "\(release.key) on \(release.place)" }

    /// Signers that are neither the same nor the one the other's former ones, by its lineage.
    private func signerProblems(_ package: String, _ releases: [Release]) -> [String] {
        let signed = releases.filter { !$0.signers.isEmpty }
        guard let first = signed.first else { return [] }
        let stranger = signed.first { release in
            release.signers != first.signers && release.signers.isDisjoint(with: first.lineage)
                && first.signers.isDisjoint(with: release.lineage)
        }
        return stranger.map {
            ["\(package) is signed by different keys: \(Self.name(first)) and \(Self.name($0)) (\($0.version.text))."]
        } ?? []
    }

    /// Whether `latest` is a word of the key, as in `app-latest.apk` or `latest/app.apk`: no letter or digit beside it, for
    /// which every byte that is not ASCII counts.
    static func isCalledLatest(_ key: ObjectKey) -> Bool {
        let words = key.bytes.split { byte in
            !((0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte > 0x7F)
        }
        return words.contains { word in word.lazy.map { $0 | 0x20 }.elementsEqual("latest".utf8) }
    }

    /// A key that is called the latest and holds an older version than its place has.
    private static func backwards(
        _ releases: [Release], _ places: [String], _ newest: [PackageVersion?]
    ) -> [String] {
        releases.compactMap { release in
            guard isCalledLatest(release.key), let index = places.firstIndex(of: release.place),
                let best = newest[index], release.version.code < best.code
            else { return nil }
            return "\(name(release)) holds \(release.version.text), older than \(best.text) beside it."
        }
    }
}

/// A version in the form `2.0.6+48`: versionName, `+`, versionCode.
struct PackageVersion: Hashable {
    var code: Int64
    var text: String

    init(_ facts: PackageFacts) {
        code = facts.versionCode
        text = "\(facts.versionName ?? facts.versionNameReference ?? "")+\(facts.versionCode)"
    }
}
