public import ObjectModel

/// Computes the ETag that bytes have when cut by a layout: the MD5, or the MD5 of the parts' MD5s.
public struct ETagHasher: ~Copyable {
    /// Nil hashes the whole as one.
    private let sizes: [Int64]?
    private var part = 0
    private var left: Int64
    private var hasher = MD5Hasher()
    private var digests: [UInt8] = []

    public init(layout: PartLayout?) {
        sizes = layout?.sizes
        left = layout?.sizes.first ?? .max
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let count = unsafe min(Int64(rest.count), left)
            unsafe hasher.update(UnsafeRawBufferPointer(rebasing: rest.prefix(Int(count))))
            unsafe rest = rest.dropFirst(Int(count))
            left -= count
            if left == 0 { endPart() }
        }
    }

    private mutating func endPart() {
        guard let sizes else { return }
        digests += hasher.finish().bytes
        part += 1
        // Bytes past the layout make the ETag wrong, which is what they are.
        left = part < sizes.count ? sizes[part] : .max
    }

    public mutating func finish() -> ETag {
        guard let sizes else { return .md5(hasher.finish()) }
        if part < sizes.count || left < .max { digests += hasher.finish().bytes }
        return .composite(MD5Hasher.digest(digests), parts: sizes.count)
    }

    /// The composite ETag of parts whose MD5s are known; nil where one is not an MD5.
    public static func composite(of parts: [ETag]) -> ETag? {
        var digests: [UInt8] = []
        for part in parts {
            guard case .md5(let digest) = part else { return nil }
            digests += digest.bytes
        }
        return .composite(MD5Hasher.digest(digests), parts: parts.count)
    }
}
