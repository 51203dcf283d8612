import ObjectModel
import Runtime

/// Which kinds of headers a target is known to keep: found out with the first objects that have them. Safe from every
/// thread.
final class HeaderTrust: Sendable {
    private let kept = Mutex<Set<String>>([])

    /// Whether the target has to be asked what it made of these headers.
    func mustLook(at headers: ObjectHeaders) -> Bool {
        let kinds = headers.kinds
        return kept.withLock { !kinds.isSubset(of: $0) }
    }

    func learn(_ headers: ObjectHeaders) {
        let kinds = headers.kinds
        kept.withLock { $0.formUnion(kinds) }
    }
}

extension ObjectHeaders {
    /// What servers are known to drop or keep as a kind. Metadata without a value and with other characters than those of
    /// ASCII count as kinds of their own.
    var kinds: Set<String> {
        let fields = [
            ("Content-Type", contentType), ("Content-Encoding", contentEncoding),
            ("Content-Disposition", contentDisposition), ("Content-Language", contentLanguage),
            ("Cache-Control", cacheControl), ("Expires", expires),
        ]
        var kinds = Set(fields.compactMap { $0.1 == nil ? nil : $0.0 })
        for entry in userMetadata {
            kinds.insert(
                entry.value.isEmpty
                    ? "metadata without a value"
                    : entry.value.utf8.allSatisfy { $0 < 0x80 } ? "metadata" : "metadata beyond ASCII")
        }
        if !tags.isEmpty { kinds.insert("tags") }
        return kinds
    }

    /// The kinds of which `other` lacks something, in the order of names.
    func kindsNotKept(by other: ObjectHeaders) -> [String] {
        var missing: [String] = []
        let fields = [
            ("Content-Type", contentType, other.contentType),
            ("Content-Encoding", contentEncoding, other.contentEncoding),
            ("Content-Disposition", contentDisposition, other.contentDisposition),
            ("Content-Language", contentLanguage, other.contentLanguage),
            ("Cache-Control", cacheControl, other.cacheControl), ("Expires", expires, other.expires),
        ]
        for (name, wanted, present) in fields where wanted != present && wanted != nil { missing.append(name) }
        if userMetadata != other.userMetadata { missing.append("metadata") }
        if tags != other.tags { missing.append("tags") }
        return missing
    }
}
