public import Digests

/// What `x-amz-content-sha256` says about the body, and the last line of a canonical request.
public struct PayloadHash: Hashable, Sendable {
    /// The header's text.
    public let text: String

    /// As a request carries it; for a server that checks one.
    public init(text: String) {
        self.text = text
    }

    /// The hash of a body that is known before it is sent.
    public init(_ digest: SHA256Digest) {
        text = digest.hexadecimal
    }

    /// The hash of `body`.
    public static func of(_ body: [UInt8]) -> PayloadHash {
        body.isEmpty ? .empty : PayloadHash(SHA256Hasher.digest(body))
    }

    /// The body is not part of the signature: one that is relayed (a signed `Content-MD5` binds it), or a presigned URL.
    public static let unsigned = PayloadHash(text: "UNSIGNED-PAYLOAD")
    /// There is no body.
    public static let empty = PayloadHash(text: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
}
