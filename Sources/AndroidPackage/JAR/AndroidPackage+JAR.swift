extension AndroidPackage {
    /// What comes out of a v1 package's files at most; DEFLATE can make a thousand times as much of what it is given.
    private static let maximumInflated: Int64 = 8 << 30

    /// Checks a package by its v1 signature, entry by entry: every file's digest in `MANIFEST.MF`, that one's in each
    /// `.SF`, and the signatures. Empty where it is intact.
    ///
    /// Reads at most 1 MiB at a time, once, in the order of the file, and `META-INF` as a whole. Throws what `source` throws,
    /// and `PackageError` where there is no ZIP.
    public static func verifyJAR(_ source: some PackageSource) async throws -> [PackageProblem] {
        var reader = RangeReader(source)
        let package = try await PackageDirectory(&reader)
        // Bytes that belong to several entries would be read for each of them.
        if !package.directory.problems.isEmpty { return package.directory.problems }
        guard let files = JARFiles(package.directory) else {
            return [PackageProblem(.unsigned, "The package has no v1 signature.")]
        }
        let manifest: JARManifest
        do {
            manifest = try JARManifest(
                await package.contents.data(of: files.manifest, limit: JARManifest.limit, &reader))
        } catch let error as Malformed {
            return [PackageProblem(.badSignature, "META-INF/MANIFEST.MF cannot be read: \(error.reason).")]
        }
        var problems: [PackageProblem] = []
        for number in 1...min(files.signatures.count, JARFiles.maximumSigners) {
            do {
                let signer = try await signer(files.signatures[number - 1], package.contents, &reader)
                if let problem = signer.signature.problem(of: manifest) { throw Malformed(problem) }
            } catch let error as Malformed {
                problems.append(
                    PackageProblem(.badSignature, "Signer \(number) of v1 signed something else: \(error.reason)."))
            }
        }
        return try await problems + verifyFiles(package, manifest, &reader)
    }

    /// Reads one signer's two files and checks its signature.
    static func signer<Source>(
        _ files: (text: ZipEntry, block: ZipEntry), _ contents: ZipContents, _ reader: inout RangeReader<Source>
    ) async throws -> (signature: JARSignature, certificate: [UInt8]) {
        let text = try await contents.data(of: files.text, limit: JARManifest.limit, &reader)
        let block = try await contents.data(of: files.block, limit: SignatureBlockFile.limit, &reader)
        let certificate = try SignatureBlockFile.certificate(in: block, signing: text)
        return (try JARSignature(text), certificate)
    }

    private static func verifyFiles<Source>(
        _ package: PackageDirectory, _ manifest: JARManifest, _ reader: inout RangeReader<Source>
    ) async throws -> [PackageProblem] {
        reader.isSequential = true
        var problems: [PackageProblem] = []
        var left = maximumInflated
        var seen = 0
        var unsigned = 0
        var damaged = 0
        for entry in package.directory.entries.sorted(by: { $0.offset < $1.offset }) {
            guard let section = manifest.files[Array(entry.name)] else {
                if JARFiles.isSigned(entry.name) { unsigned += 1 }
                continue
            }
            seen += 1
            guard entry.size >= 0, entry.size <= left else {
                return problems + [PackageProblem(.unsupported, "The package's files are too large to be checked.")]
            }
            left -= entry.size
            do {
                let digests = JARManifest.digests(section, suffix: "-digest")
                guard !digests.isEmpty else { throw Malformed("it has no digest") }
                let found = try await self.digests(digests.map(\.algorithm), of: entry, package.contents, &reader)
                let expected = digests.map { JARBase64.decode($0.base64) }
                if !zip(found, expected).allSatisfy({ $0 == $1 }) { damaged += 1 }
            } catch is Malformed {
                damaged += 1
            }
        }
        if damaged > 0 {
            let files = damaged == 1 ? "One file is" : "\(damaged) files are"
            problems.append(PackageProblem(.badDigest, "\(files) not as signed."))
        }
        if unsigned > 0 {
            let files = unsigned == 1 ? "One file is" : "\(unsigned) files are"
            problems.append(PackageProblem(.badDigest, "\(files) not signed."))
        }
        if seen < manifest.files.count {
            let count = manifest.files.count - seen
            let files = count == 1 ? "One file that was signed is" : "\(count) files that were signed are"
            problems.append(PackageProblem(.badDigest, "\(files) missing."))
        }
        return problems
    }

    /// Hashes one file of the ZIP while it is decompressed.
    private static func digests<Source>(
        _ algorithms: [DigestAlgorithm], of entry: ZipEntry, _ contents: ZipContents,
        _ reader: inout RangeReader<Source>
    ) async throws -> [[UInt8]] {
        let range = try await contents.dataRange(of: entry, &reader, hint: 0)
        let hashers = algorithms.map { SharedDigest(MessageDigest($0)) }
        var decoder = try EntryDecoder(entry)
        var position = range.lowerBound
        while position < range.upperBound {
            let next = min(range.upperBound, position + Int64(1 << 20))
            let piece = try await reader.read(position..<next)
            unsafe try decoder.feed(piece) { bytes in
                for hasher in hashers { unsafe hasher.digest.update(bytes) }
            }
            position = next
        }
        try decoder.finish()
        return hashers.map { $0.digest.finish() }
    }
}

/// A digest that an array can hold.
private final class SharedDigest {
    let digest: MessageDigest

    init(_ digest: consuming MessageDigest) {
        self.digest = digest
    }
}
