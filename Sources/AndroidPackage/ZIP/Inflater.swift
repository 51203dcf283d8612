import CZlib

/// The owner of a zlib stream of raw DEFLATE, for one entry of a ZIP.
///
/// What comes out is handed over piece by piece and never exceeds the size that it was announced with.
@safe struct Inflater: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer
    private let size: Int64
    private var produced: Int64 = 0
    private(set) var isFinished = false

    /// `size` is how many bytes have to come out.
    init(size: Int64) {
        self.size = size
        // zlib remembers where its stream lies, so it must not move.
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe output = .allocate(byteCount: 64 << 10, alignment: 16)
        let status = unsafe inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no memory left.")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deinitialize(count: 1)
        unsafe stream.deallocate()
        unsafe output.deallocate()
    }

    /// Inflates the next bytes, at most 2^32 - 1 of them, and calls `take` with what they give.
    mutating func feed(_ input: [UInt8], take: (UnsafeRawBufferPointer) -> Void) throws(Malformed) {
        let failure = unsafe input.withUnsafeBytes { bytes in
            // zlib reads through this pointer and never writes; its type is older than `const`.
            let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(mutating: base)
            unsafe stream.pointee.avail_in = UInt32(bytes.count)
            return unsafe run(take)
        }
        unsafe stream.pointee.next_in = nil
        if let failure { throw failure }
    }

    private mutating func run(_ take: (UnsafeRawBufferPointer) -> Void) -> Malformed? {
        while !isFinished {
            unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = UInt32(output.count)
            let status = unsafe inflate(stream, Z_NO_FLUSH)
            let count = unsafe output.count - Int(stream.pointee.avail_out)
            produced += Int64(count)
            guard produced <= size else { return Malformed("it is longer than announced") }
            if count > 0 { unsafe take(UnsafeRawBufferPointer(rebasing: output[..<count])) }
            switch status {
            case Z_STREAM_END: isFinished = true
            case Z_OK: if unsafe stream.pointee.avail_in == 0, unsafe count < output.count { return nil }
            // No progress without more input.
            case Z_BUF_ERROR: return nil
            default: return Malformed("it cannot be decompressed")
            }
        }
        return nil
    }

    /// Throws unless everything that was announced has come out.
    func finish() throws(Malformed) {
        guard isFinished else { throw Malformed("its compressed bytes end early") }
        guard produced == size else { throw Malformed("it is shorter than announced") }
    }
}
