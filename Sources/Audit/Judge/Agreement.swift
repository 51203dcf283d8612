import Digests
import ObjectModel

/// What two places' facts on one key say together.
enum Agreement: Hashable {
    case same
    case differ(Finding.Reason)
    /// Nothing tells, for this reason.
    case open(Finding.Reason)

    /// Pure; the first row that fits decides.
    ///
    /// | sizes | bytes read | ETags | |
    /// |---|---|---|---|
    /// | differ | | | differ: size |
    /// | both 0 | | | same |
    /// | | a digest of both | | same, or differ: content |
    /// | | the MD5 of one | the other's is the same MD5 | same |
    /// | one is a manifest's | otherwise | | open: unread |
    /// | | | equal MD5s or composites | same |
    /// | | | two MD5s, neither side encrypted | differ: ETag |
    /// | | | an MD5 and a composite of one part | same, or differ: ETag |
    /// | | | any other two of MD5 and composite | open: the parts may have other sizes |
    /// | | | one is absent | open |
    /// | | | one is opaque, equal or not | open |
    ///
    /// An ETag may look like an MD5 and be none, of an encrypted object or behind a gateway: that it is equal to the MD5 of
    /// the bytes is no accident, that it is another one says nothing of them until they are read.
    static func of(_ one: ObjectFacts, _ other: ObjectFacts, isEncrypted: Bool = false) -> Agreement {
        if let size = one.size, let otherSize = other.size {
            if size != otherSize { return .differ(.size) }
            if size == 0 { return .same }
        }
        if let digest = one.sha256, let otherDigest = other.sha256 {
            return digest == otherDigest ? .same : .differ(.content)
        }
        if let digest = one.md5, let otherDigest = other.md5 {
            return digest == otherDigest ? .same : .differ(.content)
        }
        if let digest = one.md5 ?? other.md5, digest == md5(one.md5 == nil ? one.etag : other.etag) { return .same }
        if one.size == nil || other.size == nil { return .open(.unread) }
        switch (one.etag, other.etag) {
        case (.md5(let digest), .md5(let otherDigest)):
            if digest == otherDigest { return .same }
            return isEncrypted ? .open(.opaque) : .differ(.etag)
        case (.composite(let digest, let parts), .composite(let otherDigest, let otherParts)):
            return digest == otherDigest && parts == otherParts ? .same : .open(.layout)
        case (.md5(let digest), .composite(let composite, parts: 1)),
            (.composite(let composite, parts: 1), .md5(let digest)):
            if MD5Hasher.digest(digest.bytes) == composite { return .same }
            return isEncrypted ? .open(.opaque) : .differ(.etag)
        case (.md5, .composite), (.composite, .md5): return .open(.layout)
        case (let left, let right): return .open(left.isAbsent || right.isAbsent ? .absentETag : .opaque)
        }
    }

    private static func md5(_ etag: ETag) -> String? {
        if case .md5(let digest) = etag { digest.hexadecimal } else { nil }
    }
}
