import AndroidPackage

/// Checks the bytes of an APK as they pass. Confined to the ring's reactor.
final class PackageTap {
    private var verifier: PackageVerifier

    /// Nil where the signature cannot be checked in one pass: an APK of the oldest scheme alone.
    init?(_ facts: PackageFacts) {
        guard let verifier = PackageVerifier(facts) else { return nil }
        self.verifier = verifier
    }

    func update(_ bytes: UnsafeRawBufferPointer) { unsafe verifier.update(bytes) }

    /// Empty where all fits.
    func finish() -> [PackageProblem] { verifier.finish() }
}
