/// The APK Signing Block, which lies right before the directory (source.android.com, "APK Signature Scheme v2").
struct SigningBlock {
    /// Bytes of the largest block that is read; real ones have a few kilobytes.
    static let limit: Int64 = 16 << 20

    /// Where it lies, both of its lengths included.
    let range: Range<Int64>
    let digest: [UInt8]
    /// What each scheme left there, in ascending order.
    private(set) var blocks: [(scheme: SignatureScheme, value: ByteReader)] = []

    private static let magic = Array("APK Sig Block 42".utf8)
    private static let footerSize: Int64 = 24

    /// Nil where there is none.
    init?<Source>(before directory: Int64, _ reader: inout RangeReader<Source>) async throws {
        guard directory >= Self.footerSize + 8 else { return nil }
        let hint = max(0, directory - type(of: reader).readAhead)..<directory
        let footerBytes = try await reader.read((directory - Self.footerSize)..<directory, hint: hint)
        guard footerBytes.suffix(Self.magic.count).elementsEqual(Self.magic) else { return nil }
        var footer = ByteReader(footerBytes)
        let size = try footer.length64()
        guard size >= Self.footerSize, size <= Self.limit, size <= directory - 8 else {
            throw Malformed("its length cannot be")
        }
        range = (directory - size - 8)..<directory
        let bytes = try await reader.read(range)
        digest = MessageDigest.digest(bytes, .sha256)
        var block = ByteReader(bytes)
        guard try block.length64() == size else { throw Malformed("its two lengths contradict each other") }
        var pairs = try block.take(Int(size - Self.footerSize))
        while !pairs.isEmpty {
            let length = try pairs.length64()
            guard length >= 4, length <= pairs.count else {
                throw Malformed("an entry of it has a length that cannot be")
            }
            var pair = try pairs.take(Int(length))
            let scheme: SignatureScheme
            switch try pair.u32() {
            case 0x7109_871A: scheme = .v2
            case 0xF053_68C0: scheme = .v3
            case 0x1B93_AD61: scheme = .v31
            default: continue
            }
            guard !blocks.contains(where: { $0.scheme == scheme }) else {
                throw Malformed("it has two entries of one scheme")
            }
            blocks.append((scheme, pair))
        }
        blocks.sort { $0.scheme < $1.scheme }
    }
}
