public import ObjectModel
import Reactor

/// A read whose bytes flow into a ring, begun and not yet ended. Used by one task at a time, on the executor that began it.
public protocol ObjectDownload {
    /// From the answer itself: it speaks of the very bytes in the ring.
    var info: ObjectInfo { get }
    /// Whether all bytes are in the ring, or never will be.
    var isEnded: Bool { get }
    /// Waits until the last byte is in the ring; throws if they were fewer than announced.
    func awaitEnd() async throws(StoreError)
    /// Calls `observer` once when the read ends, on the executor that began it: a write that waits for its bytes must not
    /// wait for ever. Never called for a read that has ended already.
    func whenEnded(_ observer: @escaping (_ isComplete: Bool) -> Void)
    /// Gives back what the read holds, and ends it if it is still under way. Must be called exactly once.
    func close()
}
