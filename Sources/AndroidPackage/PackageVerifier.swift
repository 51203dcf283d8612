/// Checks that all bytes of a package are those that were signed, by a signature of v2 or later, while they pass by.
///
/// Feed it with the whole file in order, in pieces of any size; the memory that it takes is 32 to 64 bytes for each MiB.
/// That the digests are the signer's own is checked by `AndroidPackage.facts`, so its problems count as well.
public struct PackageVerifier: ~Copyable, Sendable {
    private let contents: SignedContents
    private var sha256: ChunkedDigest?
    private var sha512: ChunkedDigest?
    private var verity: VerityDigest?
    private let block = MessageDigest(.sha256)
    /// The file's end, in which the directory's offset has to be patched before it is hashed.
    private var end: [UInt8] = []
    private var position: Int64 = 0
    /// Where the piece ends that is being hashed.
    private var chunkEnd: Int64 = 0

    /// Nil where the package has no signature of v2 or later that can be read: see `AndroidPackage.verifyJAR`.
    public init?(_ facts: PackageFacts) {
        guard let contents = facts.signedContents, !contents.digests.isEmpty else { return nil }
        self.contents = contents
        let algorithms = Set(contents.digests.map(\.algorithm))
        sha256 = algorithms.contains(.chunked(.sha256)) ? ChunkedDigest(.sha256) : nil
        sha512 = algorithms.contains(.chunked(.sha512)) ? ChunkedDigest(.sha512) : nil
        verity = algorithms.contains(.verity) ? VerityDigest() : nil
    }

    /// Takes the file's next bytes. Those past the size that the facts are from are counted only.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let (limit, part) = part(at: position)
            let count = unsafe Int(min(Int64(rest.count), limit - position))
            let piece = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(count))
            switch part {
            case .contents(let sectionEnd): unsafe hash(piece, sectionEnd: sectionEnd)
            case .block: unsafe block.update(piece)
            case .end: unsafe end.append(contentsOf: piece)
            case .beyond: break
            }
            position += Int64(count)
            unsafe rest = rest.dropFirst(count)
        }
    }

    private enum Part {
        case contents(sectionEnd: Int64)
        case block
        case end
        case beyond
    }

    /// The part that a byte belongs to, and where that, or the piece of it that is hashed, ends.
    private func part(at position: Int64) -> (limit: Int64, part: Part) {
        if position >= contents.size { return (.max, .beyond) }
        if position >= contents.end { return (contents.size, .end) }
        if contents.block.contains(position) { return (contents.block.upperBound, .block) }
        let sectionEnd = position < contents.block.lowerBound ? contents.block.lowerBound : contents.end
        let limit = position < chunkEnd ? chunkEnd : min(sectionEnd, position + ChunkedDigest.chunkSize)
        return (limit, .contents(sectionEnd: sectionEnd))
    }

    private mutating func hash(_ bytes: UnsafeRawBufferPointer, sectionEnd: Int64) {
        if position >= chunkEnd {
            chunkEnd = min(sectionEnd, position + ChunkedDigest.chunkSize)
            sha256?.begin(length: chunkEnd - position)
            sha512?.begin(length: chunkEnd - position)
        }
        unsafe sha256?.update(bytes)
        unsafe sha512?.update(bytes)
        unsafe verity?.update(bytes)
        if position + Int64(bytes.count) == chunkEnd {
            sha256?.end()
            sha512?.end()
        }
    }

    /// What is wrong with the bytes; empty where they are intact. Nothing may be fed afterwards.
    public mutating func finish() -> [PackageProblem] {
        guard position == contents.size else {
            return [
                PackageProblem(.truncated, "The package has \(position) bytes where its end says \(contents.size).")
            ]
        }
        hashEnd()
        var problems: [PackageProblem] = []
        if block.finish() != contents.blockDigest {
            problems.append(
                PackageProblem(.badSignature, "The signing block is another one than when the package was looked at."))
        }
        let chunked256 = sha256?.finish()
        let chunked512 = sha512?.finish()
        let root = verity?.finish()
        for digest in contents.digests {
            let computed =
                switch digest.algorithm {
                case .chunked(.sha512): chunked512
                case .chunked: chunked256
                case .verity: root
                }
            guard computed != digest.bytes else { continue }
            let signer = "signer \(digest.signer) of \(digest.scheme.rawValue)"
            problems.append(PackageProblem(.badDigest, "The bytes are not those that \(signer) signed."))
        }
        return problems
    }

    /// The directory's offset is hashed as if there were no signing block.
    private mutating func hashEnd() {
        let start = UInt32(truncatingIfNeeded: contents.block.lowerBound)
        for index in 0..<4 where ZipEnd.directoryOffsetField + index < end.count {
            end[ZipEnd.directoryOffsetField + index] = UInt8(truncatingIfNeeded: start >> (index * 8))
        }
        let bytes = end
        position = 0
        chunkEnd = 0
        unsafe bytes.withUnsafeBytes { unsafe hash($0, sectionEnd: Int64(bytes.count)) }
    }
}
