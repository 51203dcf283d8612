import ObjectModel

/// Thirty-two bytes of a SHA-256 or of an HMAC made with it. A trivial value: no allocation.
public struct SHA256Digest: Hashable, Sendable {
    /// In memory order.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init() {}

    @inline(__always)
    package mutating func withMutablePointer(_ body: (UnsafeMutablePointer<UInt8>) -> Void) {
        unsafe withUnsafeMutableBytes(of: &words) { raw in
            unsafe body(raw.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    @inline(__always)
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe withUnsafeBytes(of: words) { unsafe body($0) }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { unsafe withBytes { unsafe Array($0) } }

    /// 64 lower-case digits.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The form that `x-amz-checksum-sha256` wants.
    public var base64: String { Base64.encode(bytes) }

    public static func == (left: SHA256Digest, right: SHA256Digest) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
