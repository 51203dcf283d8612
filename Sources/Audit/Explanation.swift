import ObjectModel
import Runtime

/// What a verdict means, in one sentence. Pure.
enum Explanation {
    static func of(_ verdict: Verdict, _ facts: [ObjectFacts?], _ names: [String]) -> String {
        let atFault = names.indices.filter { verdict.atFault[$0] }.map { names[$0] }
        let places = listed(atFault)
        switch (verdict.state, verdict.reason) {
        case (.identical, _): return ""
        case (.missing, _): return "\(places) \(atFault.count == 1 ? "lacks" : "lack") it."
        case (.extra, _): return "\(places) \(atFault.count == 1 ? "has" : "have") it, the reference has not."
        case (.differs, .size): return "\(places) \(atFault.count == 1 ? "has" : "have") another size."
        case (.differs, .etag): return "\(places) \(atFault.count == 1 ? "has" : "have") other bytes, by the ETags."
        case (.differs, .content):
            return "\(places) \(atFault.count == 1 ? "has" : "have") other bytes; they were read."
        case (.differs, .metadata):
            return "\(places) \(atFault.count == 1 ? "has" : "have") other headers or user metadata."
        case (.differs, .tags): return "\(places) \(atFault.count == 1 ? "has" : "have") other tags."
        case (.differs, .corrupt):
            return "The bytes on \(places) are not those that the server's own ETag tells; the disk may be failing."
        case (.unverifiable, .layout):
            return
                "The ETags are of uploads in parts that may have been cut otherwise; --resolve tells whether the bytes "
                + "are equal."
        case (.unverifiable, .opaque):
            return
                "An ETag is no digest of the bytes (encryption, or a gateway); --resolve tells whether they are equal."
        case (.unverifiable, .absentETag):
            return "A server gives no ETag; --resolve tells whether the bytes are equal."
        case (.unverifiable, _): return "Nothing tells whether the bytes are equal; --resolve reads them."
        case (_, let reason): return "It could not be compared (\(reason?.rawValue ?? verdict.state.rawValue))."
        }
    }

    /// `a`, `a and b`, `a, b and c`.
    static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
