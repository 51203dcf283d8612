import ObjectModel
import Runtime

/// What a verdict means, in a sentence or a few. Pure.
enum Explanation {
    /// A sentence for each thing that is wrong, on the places that it is true of.
    ///
    /// - Parameter read: the places whose bytes were read.
    static func of(_ verdict: Verdict, _ names: [String], read: Set<Int> = []) -> String {
        var reasons: [Finding.Reason] = []
        for reason in verdict.reasons.compactMap(\.self) where !reasons.contains(reason) { reasons.append(reason) }
        // What is open beside something worse comes after it.
        let sorted = reasons.filter { !$0.isOpen } + reasons.filter(\.isOpen)
        return sorted.map { reason in
            let blamed = names.indices.filter { verdict.reasons[$0] == reason }
            let places = blamed.map { names[$0] }
            let isAlone = verdict.state == .unverifiable && sorted.count == 1
            return reason.isOpen && !isAlone
                ? "Nothing tells yet whether \(listed(places)) \(places.count == 1 ? "has" : "have") the same bytes "
                    + "(\(reason.rawValue)); \(resolve) does."
                : sentence(reason, places, isRead: !read.isDisjoint(with: blamed))
        }.joined(separator: " ")
    }

    private static func sentence(_ reason: Finding.Reason, _ places: [String], isRead: Bool) -> String {
        let has = "\(listed(places)) \(places.count == 1 ? "has" : "have")"
        return switch reason {
        case .missing: "\(listed(places)) \(places.count == 1 ? "lacks" : "lack") it."
        case .extra: "\(has) it, the reference has not."
        case .size: "\(has) another size."
        case .etag: "\(has) other bytes, by the ETags."
        // What a manifest says is compared with an ETag, too.
        case .content: isRead ? "\(has) other bytes; they were read." : "\(has) other bytes, by the ETags."
        case .metadata: "\(has) other headers or user metadata."
        case .tags: "\(has) other tags."
        case .corrupt:
            "The bytes on \(listed(places)) are not those that the server's own ETag tells; the disk may be failing."
        case .layout:
            "The ETags are of uploads in parts that may have been cut otherwise; \(resolve) tells whether the bytes are "
                + "equal."
        case .opaque:
            "An ETag is no digest of the bytes (encryption, or a gateway); \(resolve) tells whether they are equal."
        case .absentETag: "A server gives no ETag; \(resolve) tells whether the bytes are equal."
        case .unread: "Nothing tells whether the bytes are equal; \(resolve) reads them."
        case .bucket: "\(listed(places)) \(places.count == 1 ? "has" : "have") no such bucket."
        case .name, .request, .changing: "It could not be compared (\(reason.rawValue))."
        }
    }

    private static var resolve: String { ProgramWords.resolve.spelled }

    /// `a`, `a and b`, `a, b and c`.
    static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
