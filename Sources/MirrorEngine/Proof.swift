import ObjectModel
import S3

/// What an upload's answer proves.
enum Proof: Hashable {
    /// The target has the bytes. `pair` is true where the two ETags differ nevertheless, so that the journal has to
    /// remember that they belong together.
    case proven(pair: Bool)
    /// The target's ETag says nothing about bytes, or something else: reading them back tells.
    case needsReading

    /// From the source's ETag, the target's, and the ETag that was computed of the bytes on their way (nil: none was).
    ///
    /// | source's | target's | computed | |
    /// |---|---|---|---|
    /// | MD5 or composite | equal | | proven |
    /// | any | MD5 or composite, equal to the computed one | there | proven, a pair |
    /// | any | anything else | | needs reading |
    static func of(source: ETag, target: ETag, computed: ETag?) -> Proof {
        if case .opaque = target { return .needsReading }
        if source == target { return .proven(pair: false) }
        if let computed, computed == target { return .proven(pair: true) }
        return .needsReading
    }
}

/// Computes the ETag that bytes have when cut by a layout: the MD5, or the MD5 of the parts' MD5s.
struct ETagHasher: ~Copyable {
    /// Nil hashes the whole as one.
    private let sizes: [Int64]?
    private var part = 0
    private var left: Int64
    private var hasher = MD5Hasher()
    private var digests: [UInt8] = []

    init(layout: PartLayout?) {
        sizes = layout?.sizes
        left = layout?.sizes.first ?? .max
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
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

    mutating func finish() -> ETag {
        guard let sizes else { return .md5(hasher.finish()) }
        if part < sizes.count || left < .max { digests += hasher.finish().bytes }
        return .composite(MD5Hasher.digest(digests), parts: sizes.count)
    }

    /// The composite ETag of parts whose MD5s are known; nil where one is not an MD5.
    static func composite(of parts: [ETag]) -> ETag? {
        var digests: [UInt8] = []
        for part in parts {
            guard case .md5(let digest) = part else { return nil }
            digests += digest.bytes
        }
        return .composite(MD5Hasher.digest(digests), parts: parts.count)
    }
}
