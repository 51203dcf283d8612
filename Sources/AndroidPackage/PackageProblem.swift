/// Something that makes a package damaged, untrustworthy or not installable.
public struct PackageProblem: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// No ZIP, or one without a manifest.
        case notPackage = "not-a-package"
        /// It ends before its directory's end, or elsewhere too early.
        case truncated
        /// The ZIP contradicts itself.
        case brokenZip = "broken-zip"
        /// `AndroidManifest.xml` cannot be read, or says what no package may say.
        case badManifest = "bad-manifest"
        case unsigned
        /// A signature block that cannot be read, or a signature that is not of the certificate's key.
        case badSignature = "bad-signature"
        /// The bytes are not those that were signed.
        case badDigest = "bad-digest"
        /// A signature was taken away: what is left says that there was a better one.
        case downgrade
        /// A form that Android does not install, or that cannot be checked here.
        case unsupported
    }

    public var kind: Kind
    /// One sentence. It quotes no text of the package.
    public var description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// Why there is nothing to say about a file: it is no Android package at all, or so damaged that none of it is found.
public struct PackageError: Error, Hashable, Sendable, CustomStringConvertible {
    public var problem: PackageProblem

    public init(_ kind: PackageProblem.Kind, _ description: String) {
        problem = PackageProblem(kind, description)
    }

    public var description: String { problem.description }
}
