import Runtime

/// Memory that pages of listings are written to, one after the other.
// @unchecked: `PageBuffers` hands it to one owner at a time, who writes it and then only reads.
@safe final class PageBuffer: @unchecked Sendable {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init() {
        // Room for a page of a thousand short keys.
        unsafe memory = .allocate(byteCount: 1 << 18, alignment: 16)
    }

    deinit {
        unsafe memory.deallocate()
    }

    func removeAll() {
        count = 0
    }

    func append(_ bytes: [UInt8]) {
        unsafe write(atMost: bytes.count) { room in
            unsafe UnsafeMutableRawBufferPointer(start: room, count: bytes.count).copyBytes(from: bytes)
            return bytes.count
        }
    }

    /// Lets `body` write at most `limit` bytes and tell how many it wrote.
    @unsafe func write(atMost limit: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        guard limit > 0 else { return }
        if unsafe count + limit > memory.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * (count + limit), alignment: 16)
            unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
            unsafe memory.deallocate()
            unsafe memory = larger
        }
        let written = unsafe body(memory.baseAddress! + count)
        precondition(written <= limit)
        count += written
    }

    /// What was written. The memory must not be used after the buffer was given back.
    @unsafe var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: memory[..<count]) }
}

/// A buffer while a page in it is written and sent; it goes back with the last reference.
final class PageLease: Sendable {
    let buffer: PageBuffer
    private let buffers: PageBuffers

    fileprivate init(_ buffer: PageBuffer, _ buffers: PageBuffers) {
        self.buffer = buffer
        self.buffers = buffers
    }

    deinit {
        buffers.giveBack(buffer)
    }

    /// A copy of the page.
    var array: [UInt8] { unsafe Array(buffer.bytes) }
}

/// Buffers that wait to be used again: memory that is mapped once costs no page faults later.
final class PageBuffers: Sendable {
    /// As many as there are connections at once in a bench; what is more is freed.
    private static let limit = 64
    private let idle = Mutex<[PageBuffer]>([])

    func lease() -> PageLease {
        let buffer = idle.withLock { $0.popLast() } ?? PageBuffer()
        buffer.removeAll()
        return PageLease(buffer, self)
    }

    fileprivate func giveBack(_ buffer: PageBuffer) {
        idle.withLock { idle in
            if idle.count < Self.limit { idle.append(buffer) }
        }
    }
}
