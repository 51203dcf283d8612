/// What one thread knows of a server as one client's connection options reach it. Confined to the reactor's thread.
final class KnownServer {
    /// Set up for the options, and without a transfer.
    private var idleHandles: [EasyHandle] = []
    /// When the last request that timed out was begun, in monotonic nanoseconds; nil where none did.
    private(set) var deadSince: Int64?
    /// When the newest of the requests that were answered began, in monotonic nanoseconds; the least where none was.
    private(set) var lastAnswered: Int64 = .min

    /// A handle that was put back, for one transfer; nil where one has to be made.
    func takeHandle(_ kind: EasyHandle.Kind) -> EasyHandle? {
        idleHandles.lastIndex { $0.kind == kind }.map { idleHandles.remove(at: $0) }
    }

    /// Only those whose transfer ended well: the others may hold half of one.
    func putBack(_ handle: EasyHandle) {
        idleHandles.append(handle)
    }

    func noteTimeout(ofRequestBegun began: Int64) {
        deadSince = max(deadSince ?? .min, began)
    }

    func noteAnswer(toRequestBegun began: Int64) {
        lastAnswered = max(lastAnswered, began)
    }
}
