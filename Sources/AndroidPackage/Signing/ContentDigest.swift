/// A digest of everything but the signing block, as a signer signed it.
struct ContentDigest: Hashable, Sendable {
    enum Algorithm: Hashable, Sendable {
        /// Over pieces of 1 MiB, and then over their digests.
        case chunked(DigestAlgorithm)
        /// The root of fs-verity's tree of SHA-256 over pieces of 4 KiB.
        case verity
    }

    var algorithm: Algorithm
    var bytes: [UInt8]
    /// Where it stands, for messages: "v2", signer 1.
    var scheme: SignatureScheme
    var signer: Int
}

/// The parts of a file that digests are about.
struct SignedContents: Hashable, Sendable {
    var size: Int64
    /// Contents before it, the block itself, and the directory after it.
    var block: Range<Int64>
    /// The end of the directory, to the file's end.
    var end: Int64
    /// The SHA-256 of the block that the facts are from.
    var blockDigest: [UInt8]
    var digests: [ContentDigest]
}
