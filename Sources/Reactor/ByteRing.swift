/// The bounded buffer between the two sockets of a relay: bytes received on one side, sent on the other.
///
/// Owned by one reactor: both halves run on its thread. The producer stops receiving while less than `headroom` is free
/// (one `recv` may deliver that much with no chance to stop in between), the consumer stops sending while it is empty.
@safe public final class ByteRing {
    /// 1 MiB: twice what one receive brings, so that receiving and sending overlap.
    public static let capacity = 1 << 20
    public static let headroom = 512 << 10

    private let base: UnsafeMutableRawPointer
    private var start = 0
    public private(set) var count = 0
    /// All bytes ever put in.
    public private(set) var total: Int64 = 0

    /// Called for every piece put in; for hashing on the way. The bytes are valid during the call only.
    public var tap: ((UnsafeRawBufferPointer) -> Void)?
    /// Called when bytes come into the empty ring.
    public var onBytes: (() -> Void)?
    /// Called when `headroom` becomes free again.
    public var onSpace: (() -> Void)?

    public init() {
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: 4096)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// Drops what is in it.
    public func empty() {
        let wasFull = free < Self.headroom
        start = 0
        count = 0
        // Whoever fills it may have stopped already.
        if wasFull { onSpace?() }
    }

    public var free: Int { Self.capacity - count }

    /// Empties the ring for another body.
    func reset() {
        start = 0
        count = 0
        total = 0
        unsafe tap = nil
        onBytes = nil
        onSpace = nil
    }

    /// Puts `bytes` in; false, and nothing is taken, if they do not fit.
    public func put(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= free, let source = bytes.baseAddress else { return unsafe bytes.isEmpty }
        unsafe tap?(bytes)
        let end = (start + count) % Self.capacity
        let first = min(bytes.count, Self.capacity - end)
        unsafe (base + end).copyMemory(from: source, byteCount: first)
        if first < bytes.count {
            unsafe base.copyMemory(from: source + first, byteCount: bytes.count - first)
        }
        let wasEmpty = count == 0
        count += bytes.count
        total += Int64(bytes.count)
        if wasEmpty { onBytes?() }
        return true
    }

    /// Moves up to `space.count` bytes out; 0 if the ring is empty.
    public func take(into space: UnsafeMutableRawBufferPointer) -> Int {
        let amount = min(count, space.count)
        guard amount > 0, let target = space.baseAddress else { return 0 }
        let first = min(amount, Self.capacity - start)
        unsafe target.copyMemory(from: base + start, byteCount: first)
        if first < amount {
            unsafe (target + first).copyMemory(from: base, byteCount: amount - first)
        }
        let wasFull = free < Self.headroom
        start = (start + amount) % Self.capacity
        count -= amount
        if count == 0 { start = 0 }
        if wasFull, free >= Self.headroom { onSpace?() }
        return amount
    }
}

extension ByteRing {
    /// Lets bytes fall out as soon as they are in, for a read whose tap is all that matters.
    public func discardBytes() {
        empty()
        onBytes = { [unowned self] in empty() }
    }

    /// Runs `body` with an empty ring; on a reactor with one of this thread's, which are kept for later use.
    public static func lend<T>(_ body: (ByteRing) async throws -> T) async rethrows -> T {
        let reactor = Reactor.current
        let ring = reactor?.idleRings.popLast() ?? ByteRing()
        defer {
            ring.reset()
            if let reactor, reactor.idleRings.count < 16 { reactor.idleRings.append(ring) }
        }
        return try await body(ring)
    }
}
