extension PackageFacts {
    /// Takes what the signature blocks say, and checks that they belong together. To be called after the manifest.
    mutating func takeSignatures<Source>(
        _ package: PackageDirectory, _ reader: inout RangeReader<Source>
    ) async throws {
        let files = JARFiles(package.directory)
        let blocks = package.signingBlock?.blocks ?? []
        schemes = (files == nil ? [] : [.v1]) + blocks.map(\.scheme)
        if let problem = package.signingBlockProblem { problems.append(problem) }
        if schemes.isEmpty, package.signingBlockProblem == nil {
            problems.append(PackageProblem(.unsigned, "The package is not signed."))
        }

        var digests: [ContentDigest] = []
        var announced: [(scheme: SignatureScheme, by: SignatureScheme)] = []
        for block in blocks {
            do {
                let signers = try BlockSigner.all(in: block.value, block.scheme)
                for (index, signer) in signers.enumerated() {
                    announced += signer.announced.map { ($0, block.scheme) }
                    digests += signer.digests.map { algorithm, bytes in
                        ContentDigest(
                            algorithm: algorithm.contentDigest, bytes: bytes, scheme: block.scheme, signer: index + 1)
                    }
                }
                self.signers = signers.map { Certificate.fingerprint($0.certificate) }
                lineage = signers.flatMap(\.lineage).map(Certificate.fingerprint)
            } catch {
                self.signers = []
                lineage = []
                problems.append(
                    PackageProblem(
                        .badSignature, "The \(block.scheme.rawValue) signature is not valid: \(error.reason)."))
            }
        }
        if schemes.contains(.v31), !schemes.contains(.v3) {
            problems.append(PackageProblem(.badSignature, "There is a v3.1 signature without one of v3."))
        }
        if let files {
            let isOnly = blocks.isEmpty
            announced += try await takeV1(files, package, isOnly: isOnly, &reader).map { ($0, .v1) }
            if isOnly, let targetSDK, targetSDK >= 30 {
                problems.append(
                    PackageProblem(
                        .unsupported, "For Android \(targetSDK) it has to be signed with more than v1."))
            }
        }
        if let problem = unsupportedBySomeVersions { problems.append(problem) }
        for (scheme, by) in announced where !schemes.contains(scheme) {
            let problem = PackageProblem(
                .downgrade,
                "Its \(by.rawValue) signature says that it was signed with \(scheme.rawValue) too, which is gone.")
            if !problems.contains(problem) { problems.append(problem) }
        }
        if let block = package.signingBlock {
            signedContents = SignedContents(
                size: reader.size, block: block.range, end: package.end.offset, blockDigest: block.digest,
                digests: digests)
        }
    }

    /// Versions of Android that it says it is for, and that do not know its signatures: v2 came with Android 7.0 (API 24),
    /// v3 with Android 9 (API 28). Nil if there are none.
    var unsupportedBySomeVersions: PackageProblem? {
        guard let oldestSDK, !schemes.isEmpty, !schemes.contains(.v1) else { return nil }
        let because = minSDK.map { "because its minSdkVersion is \($0)" } ?? "because it gives no minSdkVersion"
        if oldestSDK < 24 {
            return PackageProblem(
                .unsupported, "It needs a v1 signature, too, for Android below 7.0 (API 24), \(because).")
        }
        if oldestSDK < 28, !schemes.contains(.v2) {
            return PackageProblem(
                .unsupported, "It needs a v2 or v1 signature, too, for Android below 9 (API 28), \(because).")
        }
        return nil
    }

    /// Looks into a v1 signature for what it announces, unless everything that it could announce is there; and for its
    /// signers, if it `isOnly` one. The schemes that it announces.
    private mutating func takeV1<Source>(
        _ files: JARFiles, _ package: PackageDirectory, isOnly: Bool, _ reader: inout RangeReader<Source>
    ) async throws -> [SignatureScheme] {
        if schemes.contains(.v2), schemes.contains(.v3) { return [] }
        if isOnly, files.signatures.count > JARFiles.maximumSigners {
            problems.append(
                PackageProblem(.unsupported, "The package has more than \(JARFiles.maximumSigners) signers."))
        }
        var announced: [SignatureScheme] = []
        for signature in files.signatures.prefix(JARFiles.maximumSigners) {
            do {
                if isOnly {
                    let signer = try await AndroidPackage.signer(signature, package.contents, &reader)
                    signers.append(Certificate.fingerprint(signer.certificate))
                    announced += signer.signature.announced
                } else {
                    let text = try await package.contents.data(
                        of: signature.text, limit: JARManifest.limit, &reader)
                    announced += try JARSignature(text).announced
                }
            } catch let error as Malformed {
                problems.append(PackageProblem(.badSignature, "The v1 signature is not valid: \(error.reason)."))
            }
        }
        return announced
    }
}
