import ObjectModel
import Runtime
import Stores

/// What feeds that remember wait to hear of each key: that a change they told of was settled, or written down. Safe from every
/// thread.
///
/// A job takes what waits for its key when it begins, so that it speaks for the changes told before it looked and for no
/// later one; where it fails, it puts them back.
final class Acknowledgements: Sendable {
    private let waiting = Mutex<[ObjectKey: [Acknowledgement]]>([:])

    /// To be called before the key is marked.
    func hold(_ acknowledgement: Acknowledgement, for key: ObjectKey) {
        acknowledgement.hold()
        waiting.withLock { $0[key, default: []].append(acknowledgement) }
    }

    func take(_ key: ObjectKey) -> [Acknowledgement] {
        waiting.withLock { waiting in waiting.isEmpty ? [] : waiting.removeValue(forKey: key) ?? [] }
    }

    func putBack(_ taken: [Acknowledgement], for key: ObjectKey) {
        guard !taken.isEmpty else { return }
        waiting.withLock { $0[key, default: []] += taken }
    }
}
