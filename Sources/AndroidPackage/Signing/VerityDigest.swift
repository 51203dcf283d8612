/// The digest of the `verity` algorithms: the root of a tree of SHA-256 over pieces of 4 KiB, as fs-verity has it, with a
/// salt of eight zeros, and behind it the number of bytes.
struct VerityDigest: ~Copyable {
    private static let blockSize = 4096

    private let hasher = MessageDigest(.sha256)
    /// The block in the making of each level, the contents' first. A full one waits for what comes after it: the last
    /// block of a level that has no other one is the root.
    private var open: [[UInt8]] = [[]]
    /// Blocks of each level that were hashed.
    private var done: [Int] = [0]
    private var size: UInt64 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        size += UInt64(bytes.count)
        unsafe append(bytes, to: 0)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, to level: Int) {
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            if open[level].count == Self.blockSize { hash(level) }
            let count = unsafe min(rest.count, Self.blockSize - open[level].count)
            unsafe open[level].append(contentsOf: rest.prefix(count))
            unsafe rest = rest.dropFirst(count)
        }
    }

    private mutating func hash(_ level: Int) {
        if open.count == level + 1 {
            open.append([])
            done.append(0)
        }
        let digest = digest(level)
        open[level].removeAll(keepingCapacity: true)
        done[level] += 1
        unsafe digest.withUnsafeBytes { unsafe append($0, to: level + 1) }
    }

    private func digest(_ level: Int) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: Self.blockSize - open[level].count)
        hasher.update([UInt8](repeating: 0, count: 8) + open[level] + padding)
        return hasher.finish()
    }

    mutating func finish() -> [UInt8] {
        if !open[0].isEmpty { hash(0) }
        var level = 1
        while level < open.count, done[level] > 0 {
            hash(level)
            level += 1
        }
        let root = level < open.count ? digest(level) : []
        return root + (0..<8).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) }
    }
}
