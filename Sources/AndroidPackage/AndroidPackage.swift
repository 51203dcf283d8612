/// Android packages, read where they lie: a few ranges for what they say, every byte for whether it is true.
public enum AndroidPackage {
    /// Reads what a package says about itself: the ZIP's end and directory, the signing block, the manifest, and
    /// `META-INF` where that may tell more; of a typical package in at most four reads.
    ///
    /// Signatures are checked as far as they are about what is read; the contents are for `verify`. Throws what `source`
    /// throws, and `PackageError` for what is no package: no ZIP, or one that has no manifest.
    public static func facts(of source: some PackageSource) async throws -> PackageFacts {
        var reader = RangeReader(source)
        let package = try await PackageDirectory(&reader)
        guard let entry = package.directory.first("AndroidManifest.xml") else {
            throw PackageError(.notPackage, "The ZIP has no AndroidManifest.xml.")
        }
        var facts = PackageFacts(package: "")
        facts.problems = package.directory.problems
        do {
            let bytes = try await package.contents.data(of: entry, limit: AndroidManifest.limit, &reader)
            try await facts.take(AndroidManifest(bytes), package, &reader)
        } catch let error as Malformed {
            facts.problems.append(PackageProblem(.badManifest, "The manifest cannot be read: \(error.reason)."))
        }
        try await facts.takeSignatures(package, &reader)
        return facts
    }

    /// Checks all bytes by whatever signature there is, v2 and later before v1, in reads of at most 1 MiB. Empty where the
    /// package is intact as far as its bytes go; `facts`, which have to be of the same source, have problems of their own.
    public static func verify(
        _ source: some PackageSource, facts: PackageFacts
    ) async throws -> [PackageProblem] {
        guard var verifier = PackageVerifier(facts) else {
            guard facts.schemes.allSatisfy({ $0 == .v1 }) else { return [] }
            return facts.schemes.isEmpty ? [] : try await verifyJAR(source)
        }
        var position: Int64 = 0
        while position < source.size {
            let next = min(source.size, position + Int64(1 << 20))
            let bytes = try await source.read(position..<next)
            unsafe bytes.withUnsafeBytes { unsafe verifier.update($0) }
            position = next
        }
        return verifier.finish()
    }
}
