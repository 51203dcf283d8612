public import ObjectModel

/// What an audit says of one key.
public struct Finding: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case identical
        /// Present on several places with other bytes, sizes or headers.
        case differs
        /// The reference has it, another place has not.
        case missing
        /// The reference lacks it, another place has it.
        case extra
        /// Present with equal sizes, and nothing tells whether the bytes are equal.
        case unverifiable
        /// A server did not let it be looked at.
        case error
    }

    public enum Reason: String, Hashable, Sendable {
        case size
        case etag
        /// The bytes were read, and differ.
        case content
        case metadata
        case tags
        /// The bytes are not those of their server's own ETag: they rotted, or were never what they are said to be.
        case corrupt
        /// The ETags are of uploads in other parts, or may be.
        case layout
        /// An ETag that is no digest of the bytes: encryption, a gateway.
        case opaque
        /// A server gives no ETag.
        case absentETag = "no-etag"
        /// A digest is given that the ETag cannot be compared with, and the bytes were not read.
        case unread
        /// A server lists it under another name than it answers to.
        case name
        case missing
        case extra
        /// A request failed.
        case request
        /// It kept changing while it was looked at.
        case changing
        /// The bucket itself is not on every server; the key is its name and a slash.
        case bucket

        /// Whether it says that nothing is known, so that reading the bytes settles it.
        var isOpen: Bool {
            switch self {
            case .layout, .opaque, .absentETag, .unread: true
            default: false
            }
        }

        /// What it makes of a place that it is true of, whatever is found on others.
        var state: State {
            switch self {
            case .missing: .missing
            case .extra: .extra
            case .layout, .opaque, .absentETag, .unread: .unverifiable
            case .name, .request, .changing: .error
            case .size, .etag, .content, .metadata, .tags, .corrupt, .bucket: .differs
            }
        }
    }

    /// As the reference's bucket has it, prefix included; for all buckets of a server, with the bucket before it.
    public var key: ObjectKey
    public var state: State
    /// Nil for `identical`.
    public var reason: Reason?
    /// What each place that was reached has, in the order of the places; nil where it is absent there.
    public var places: [Place]
    /// One sentence on what was found; empty for `identical`.
    public var detail: String

    public init(key: ObjectKey, state: State, reason: Reason?, places: [Place], detail: String) {
        self.key = key
        self.state = state
        self.reason = reason
        self.places = places
        self.detail = detail
    }

    /// All that is found on any place. `state` is the worst of them: a key that one place lacks and another one has with
    /// other bytes differs, and is missing too.
    public var states: Set<State> {
        guard state != .identical, state != .error else { return [state] }
        return Set(places.compactMap(\.state)).union([state])
    }

    public struct Place: Hashable, Sendable {
        /// As it was given.
        public var name: String
        /// Nil where the key is absent there.
        public var object: ObjectFacts?
        /// Whether this place is what the finding is about: it lacks the key, has it in excess, or has other bytes.
        public var isAtFault: Bool
        /// What is wrong with this place; nil where nothing is.
        public var state: State?

        public init(name: String, object: ObjectFacts?, isAtFault: Bool, state: State? = nil) {
            self.name = name
            self.object = object
            self.isAtFault = isAtFault
            self.state = state
        }
    }
}

/// What one place has under a key.
public struct ObjectFacts: Hashable, Sendable {
    /// Bytes; nil where a manifest's line is all there is.
    public var size: Int64?
    /// Absent for the lines of a manifest.
    public var etag: ETag
    public var lastModified: Timestamp?
    /// From listings, where they tell.
    public var storageClass: String?
    /// Lower-case hexadecimal, where the bytes were read.
    public var md5: String?
    public var sha256: String?

    public init(size: Int64?, etag: ETag, lastModified: Timestamp?, md5: String? = nil, sha256: String? = nil) {
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.md5 = md5
        self.sha256 = sha256
    }
}
