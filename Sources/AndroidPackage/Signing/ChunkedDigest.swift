/// The digest of v2 and later: of each piece of at most 1 MiB, and then of these digests.
struct ChunkedDigest: ~Copyable {
    static let chunkSize: Int64 = 1 << 20

    private let hasher: MessageDigest
    private var digests: [UInt8] = []
    private var count: UInt32 = 0

    init(_ algorithm: DigestAlgorithm) {
        hasher = MessageDigest(algorithm)
    }

    /// Begins a piece of `length` bytes, which have to be fed before it is ended.
    mutating func begin(length: Int64) {
        hasher.update(Self.header(0xA5, UInt32(truncatingIfNeeded: length)))
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe hasher.update(bytes)
    }

    mutating func end() {
        digests += hasher.finish()
        count &+= 1
    }

    mutating func finish() -> [UInt8] {
        hasher.update(Self.header(0x5A, count) + digests)
        return hasher.finish()
    }

    private static func header(_ mark: UInt8, _ number: UInt32) -> [UInt8] {
        [mark] + (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
