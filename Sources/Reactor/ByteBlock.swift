/// Bytes at an address that does not move while they are read: a body in memory, received once and sent as it is.
///
/// Owned by one transfer or task at a time; the memory is freed with the last reference.
@safe public final class ByteBlock {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    public private(set) var count: Int

    public init(capacity: Int = 0) {
        self.capacity = max(capacity, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
        count = 0
    }

    public convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    deinit {
        unsafe base.deallocate()
    }

    public func append(_ bytes: UnsafeRawBufferPointer) {
        let needed = count + bytes.count
        if needed > capacity {
            capacity = max(needed, capacity * 2)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            unsafe larger.copyMemory(from: base, byteCount: count)
            unsafe base.deallocate()
            unsafe base = larger
        }
        if let source = bytes.baseAddress {
            unsafe (base + count).copyMemory(from: source, byteCount: bytes.count)
        }
        count = needed
    }

    /// The bytes; valid inside `body` only, or while this object lives and is not appended to.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// A copy.
    public var bytes: [UInt8] {
        unsafe withBytes { unsafe Array($0) }
    }

    /// The start of the bytes, for a C library that borrows them while this object is held.
    public var address: UnsafeMutableRawPointer { unsafe base }
}
