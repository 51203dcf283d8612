/// A SHA-256 over bytes that arrive in pieces. It can be used again after `finish`.
@safe public struct SHA256Hasher: ~Copyable {
    private let context: DigestContext

    public init() {
        context = unsafe DigestContext(OpenSSL.sha256)
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
    public mutating func finish() -> SHA256Digest {
        var digest = SHA256Digest()
        unsafe digest.withMutablePointer { unsafe context.finish(into: $0) }
        return digest
    }

    public static func digest(_ bytes: [UInt8]) -> SHA256Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }
}

// @unchecked: an OpenSSL context is bound to no thread, and the one owner of this one reaches it from one thread at a time.
extension SHA256Hasher: @unchecked Sendable {}
