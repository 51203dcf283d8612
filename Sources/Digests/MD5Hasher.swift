public import ObjectModel

/// An MD5 over bytes that arrive in pieces. It can be used again after `finish`.
///
/// Kept for what S3 makes of MD5 (ETags, `Content-MD5`): it finds accidents, not attackers.
@safe public struct MD5Hasher: ~Copyable {
    private let context: DigestContext

    public init() {
        context = unsafe DigestContext(OpenSSL.md5)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe context.update(bytes)
    }

    public mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe context.update($0) }
    }

    public mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe context.update($0) }
    }

    /// The digest of everything since the last `finish`; then begins anew.
    public mutating func finish() -> MD5Digest {
        var words: (UInt64, UInt64) = (0, 0)
        unsafe withUnsafeMutableBytes(of: &words) { raw in
            unsafe context.finish(into: raw.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
        return MD5Digest(high: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1))
    }

    public static func digest(_ bytes: UnsafeRawBufferPointer) -> MD5Digest {
        var hasher = MD5Hasher()
        unsafe hasher.update(bytes)
        return hasher.finish()
    }

    /// The MD5 of `bytes`.
    public static func digest(_ bytes: [UInt8]) -> MD5Digest {
        var hasher = MD5Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }
}

// @unchecked: an OpenSSL context is bound to no thread, and the one owner of this one reaches it from one thread at a time.
extension MD5Hasher: @unchecked Sendable {}
