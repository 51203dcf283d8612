/// One signer of a v2, v3 or v3.1 block (source.android.com, "APK Signature Scheme v2" and "v3"), checked as far as
/// the block goes: that the certificate's key signed what it has to sign.
struct BlockSigner {
    /// Android takes no more of a block.
    static let maximumCount = 10
    /// What a signer may have of anything; real ones have one or two. Bounds the time that hostile blocks cost.
    private static let maximumItems = 16
    /// Bytes of a certificate, a key or a signature.
    private static let maximumSize = 64 << 10

    private enum Attribute {
        static let lineage: UInt32 = 0x3BA0_6F8C
        /// In v2: the number of a scheme that has to be there too.
        static let strippingProtection: UInt32 = 0xBEEF_F00D
        /// In v3: that there is a v3.1.
        static let rotation: UInt32 = 0x559F_8B02
    }

    /// Of the key that signed; certificates behind it say nothing.
    let certificate: [UInt8]
    let digests: [(algorithm: SignatureAlgorithm, bytes: [UInt8])]
    /// Certificates before the current one, oldest first.
    let lineage: [[UInt8]]
    /// Schemes that the signer says are there.
    let announced: [SignatureScheme]

    static func all(in value: ByteReader, _ scheme: SignatureScheme) throws(Malformed) -> [BlockSigner] {
        var value = value
        var list = try value.prefixed()
        var signers: [BlockSigner] = []
        while !list.isEmpty {
            guard signers.count < maximumCount else { throw Malformed("it has more than \(maximumCount) signers") }
            signers.append(try BlockSigner(try list.prefixed(), scheme))
        }
        guard !signers.isEmpty else { throw Malformed("it has no signer") }
        return signers
    }

    private init(_ signer: ByteReader, _ scheme: SignatureScheme) throws(Malformed) {
        var signer = signer
        let signedData = try signer.prefixed()
        let versions = scheme == .v2 ? nil : try Self.versions(&signer)
        let signatures = try Self.pairs(try signer.prefixed())
        let key = try Self.short(try signer.prefixed())

        var data = signedData
        let digestPairs = try Self.pairs(try data.prefixed())
        var certificates = try data.prefixed()
        if let versions {
            guard try Self.versions(&data) == versions else {
                throw Malformed("a signer's Android versions are not those it signed")
            }
        }
        var attributes = try data.prefixed()

        guard signatures.map(\.algorithm) == digestPairs.map(\.algorithm) else {
            throw Malformed("a signer's signatures and digests are of different kinds")
        }
        try Self.check(signatures, of: signedData.array, key: key)
        guard !certificates.isEmpty else { throw Malformed("a signer has no certificate") }
        certificate = try Self.short(try certificates.prefixed())
        guard let certified = Certificate.publicKey(of: certificate) else {
            throw Malformed("a signer's certificate cannot be read")
        }
        guard certified == key else { throw Malformed("a signer's key is not that of its certificate") }
        digests = digestPairs.compactMap { pair in
            SignatureAlgorithm(rawValue: pair.algorithm).map { ($0, pair.bytes) }
        }

        var lineage: [[UInt8]] = []
        var announced: [SignatureScheme] = []
        while !attributes.isEmpty {
            var attribute = try attributes.prefixed()
            switch (try attribute.u32(), scheme) {
            case (Attribute.lineage, .v3), (Attribute.lineage, .v31):
                lineage = try Lineage.certificates(attribute)
                guard lineage.popLast() == certificate else {
                    throw Malformed("the history of keys does not end with the signer's")
                }
            case (Attribute.strippingProtection, .v2): if try attribute.u32() == 3 { announced.append(.v3) }
            case (Attribute.rotation, .v3): announced.append(.v31)
            default: break
            }
        }
        self.lineage = lineage
        self.announced = announced
    }

    fileprivate static func short(_ reader: ByteReader) throws(Malformed) -> [UInt8] {
        guard reader.count <= maximumSize else {
            throw Malformed("a signer has a key or a signature that is too large")
        }
        return reader.array
    }

    private static func versions(_ reader: inout ByteReader) throws(Malformed) -> ClosedRange<UInt32> {
        let first = try reader.u32()
        let last = try reader.u32()
        guard first <= last else { throw Malformed("a signer is for no version of Android") }
        return first...last
    }

    /// Numbers of algorithms, with a signature or a digest each.
    private static func pairs(_ list: ByteReader) throws(Malformed) -> [(algorithm: UInt32, bytes: [UInt8])] {
        var list = list
        var pairs: [(algorithm: UInt32, bytes: [UInt8])] = []
        while !list.isEmpty {
            guard pairs.count < maximumItems else { throw Malformed("a signer has too many signatures") }
            var pair = try list.prefixed()
            pairs.append((try pair.u32(), try short(try pair.prefixed())))
        }
        return pairs
    }

    /// Every signature of a kind that is known has to be right, and there has to be one.
    private static func check(
        _ signatures: [(algorithm: UInt32, bytes: [UInt8])], of data: [UInt8], key: [UInt8]
    ) throws(Malformed) {
        var isChecked = false
        for signature in signatures {
            guard let algorithm = SignatureAlgorithm(rawValue: signature.algorithm) else { continue }
            guard algorithm.verifies(signature.bytes, of: data, key: key) else {
                throw Malformed("a signature is not of the certificate's key")
            }
            isChecked = true
        }
        guard isChecked else { throw Malformed("a signer has no signature of a known kind") }
    }
}

/// The history of a rotated key: each certificate's key vouches for the next one (source.android.com, "APK key
/// rotation").
enum Lineage {
    private static let maximumCount = 32

    /// All certificates, oldest first, the current one last.
    static func certificates(_ attribute: ByteReader) throws(Malformed) -> [[UInt8]] {
        var attribute = attribute
        guard try attribute.u32() == 1 else { throw Malformed("the history of keys is of an unknown version") }
        var certificates: [[UInt8]] = []
        var nextAlgorithm: UInt32 = 0
        while !attribute.isEmpty {
            guard certificates.count < maximumCount else { throw Malformed("the history of keys is too long") }
            var node = try attribute.prefixed()
            var data = try node.prefixed()
            try node.skip(4)
            let algorithm = try node.u32()
            let signature = try BlockSigner.short(try node.prefixed())
            let signed = data.array
            let certificate = try BlockSigner.short(try data.prefixed())
            let signedAlgorithm = try data.u32()
            if let former = certificates.last {
                guard signedAlgorithm == nextAlgorithm, let known = SignatureAlgorithm(rawValue: nextAlgorithm),
                    let key = Certificate.publicKey(of: former), known.verifies(signature, of: signed, key: key)
                else { throw Malformed("the history of keys has a step that the key before did not sign") }
            }
            guard !certificates.contains(certificate) else { throw Malformed("the history of keys repeats itself") }
            certificates.append(certificate)
            nextAlgorithm = algorithm
        }
        return certificates
    }
}
