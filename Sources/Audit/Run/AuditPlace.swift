public import Stores

/// One of the places that are compared.
public struct AuditPlace: Sendable {
    /// As it was given.
    public var name: String
    public var content: Content

    public enum Content: Sendable {
        case store(any ReadableStore)
        /// Must come first: what a manifest says is the reference.
        case manifest(ChecksumManifest)
        /// It is out of reach already, which was told.
        case nothing
    }

    public init(name: String, content: Content) {
        self.name = name
        self.content = content
    }

    var manifest: ChecksumManifest? {
        if case .manifest(let manifest) = content { manifest } else { nil }
    }

    var store: (any ReadableStore)? {
        if case .store(let store) = content { store } else { nil }
    }
}
