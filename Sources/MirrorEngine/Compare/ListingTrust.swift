import ObjectModel
import Runtime

/// Whether a target's listing shows the ETags that its answers to uploads promise: found out with the first object of
/// each kind. Safe from every thread.
final class ListingTrust: Sendable {
    private struct State {
        /// By kind: whether the listing showed the same; nil while nobody has looked.
        var plain: Bool?
        var composite: Bool?
    }

    private let state = Mutex(State())

    /// Whether the listing has to be looked at for an object with this ETag. While the first look is under way, others
    /// look too: there are few of them.
    func mustLook(at etag: ETag) -> Bool {
        state.withLock { state in
            switch etag {
            case .md5: state.plain != true
            case .composite: state.composite != true
            case .opaque: true
            }
        }
    }

    func learn(_ etag: ETag, isListed: Bool) {
        state.withLock { state in
            switch etag {
            case .md5: state.plain = (state.plain ?? true) && isListed
            case .composite: state.composite = (state.composite ?? true) && isListed
            case .opaque: break
            }
        }
    }
}
