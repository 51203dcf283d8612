import Runtime

/// Which `mirror` commands would mend what was found. Pure.
public struct RepairPlan: Sendable {
    /// What was found at one place besides the reference.
    private struct Damage: Sendable {
        var needsCopies = false
        var needsDeletions = false
        /// Bytes that differ behind equal sizes and ETags, which only reading finds.
        var needsReading = false
        var needsMetadata = false
    }

    private var damage: [String: Damage] = [:]
    private var isReferenceDamaged = false
    /// Keys that are unverifiable on some place: what a mirror does about them is not known.
    private var unverified = 0
    private let places: [String]
    /// Flags of the audit that a mirror has to have too, as they were given.
    private let flags: [String]
    private let isManifest: Bool

    /// - Parameter flags: words of the command line, which are printed; those that say which objects are meant, and how
    ///   their servers are reached.
    public init(places: [String], flags: [String], isManifest: Bool) {
        self.places = places
        self.flags = flags
        self.isManifest = isManifest
    }

    public mutating func add(_ finding: Finding) {
        // A mirror makes buckets and removes none.
        if finding.reason == .bucket, finding.state == .extra { return }
        if finding.states.contains(.unverifiable) { unverified += 1 }
        for place in finding.places where place.isAtFault {
            if finding.reason == .corrupt, place.name == places.first {
                isReferenceDamaged = true
                continue
            }
            switch place.state ?? finding.state {
            case .missing: damage[place.name, default: Damage()].needsCopies = true
            case .extra: damage[place.name, default: Damage()].needsDeletions = true
            case .differs:
                damage[place.name, default: Damage()].needsCopies = true
                if finding.reason == .content || finding.reason == .corrupt {
                    damage[place.name]?.needsReading = true
                }
                if finding.reason == .metadata || finding.reason == .tags {
                    damage[place.name]?.needsMetadata = true
                }
            case .unverifiable, .identical, .error: break
            }
        }
    }

    /// A command for each place that one mends, and a sentence, after a `#`, for what none does.
    ///
    /// - Parameter unreached: places that could not be read to their ends; nothing is known of what they lack.
    public func lines(without unreached: Set<String> = []) -> [String] {
        guard !isManifest else {
            return damage.isEmpty ? [] : ["# What a manifest tells no mirror can mend: upload those files again."]
        }
        if unreached.contains(places[0]) {
            return damage.isEmpty ? [] : ["# \(places[0]) could not be read, and a mirror would copy from there."]
        }
        var lines: [String] = []
        if isReferenceDamaged {
            lines.append("# \(places[0]) itself is damaged: restore those objects there first, or swap the places.")
        }
        for place in places.dropFirst() {
            guard let damage = damage[place], !unreached.contains(place) else { continue }
            var words = [ProgramWords.mirrorOnce]
            if damage.needsDeletions { words.append(.remove) }
            if damage.needsReading { words.append(.compareBytes) }
            if damage.needsMetadata { words.append(.checkMetadata) }
            lines.append(
                (words.map(\.spelled) + (flags + [places[0], place]).map(Self.quoted)).joined(separator: " "))
        }
        if unverified > 0 {
            let keys = unverified == 1 ? "1 key" : "\(unverified) keys"
            lines.append(
                "# \(keys) could not be verified: an audit with \(ProgramWords.resolve.spelled) tells, and a mirror with "
                    + "\(ProgramWords.compareContent.spelled) mends."
            )
        }
        return lines
    }

    /// For a shell.
    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-_./:=,@%+".utf8.contains(byte)
        }
        return plain && !word.isEmpty
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
