/// What an APK says of itself in its directory, its manifest and its signing block.
public struct PackageFacts: Hashable, Sendable {
    /// As in `com.example.app`.
    public var package: String
    /// Nil where the manifest gives none, and where it is a resource that could not be resolved.
    public var versionName: String?
    /// The reference (`@0x7f0b0001`) that `versionName` is, where it could not be resolved.
    public var versionNameReference: String?
    /// `versionCodeMajor` in the upper 32 bits, `versionCode` in the lower.
    public var versionCode: Int64
    public var minSDK: Int?
    public var targetSDK: Int?
    /// Present in the file, the oldest first.
    public var schemes: [SignatureScheme]
    /// The SHA-256 of each signer's present certificate by the strongest scheme, in lower-case hexadecimal, in the order
    /// of the file.
    public var signers: [String]
    /// The certificates that a rotated key had before, the oldest first; in the same form.
    public var lineage: [String]
    /// What makes it not installable or damaged, as far as directory, manifest and signing block tell.
    public var problems: [PackageProblem]

    public init(package: String, versionCode: Int64) {
        self.package = package
        self.versionCode = versionCode
        schemes = []
        signers = []
        lineage = []
        problems = []
    }
}

/// A way in which an APK is signed.
public enum SignatureScheme: String, Hashable, Sendable, CaseIterable {
    case v1
    case v2
    case v3
    case v31 = "v3.1"
    case v4
}

/// Something that keeps an APK from being installed, or shows that it is damaged. Prints as one sentence.
public struct PackageProblem: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        case unsigned
        case truncated
        case brokenZip
        case badManifest
        case badSignature
        case badDigest
    }

    public var kind: Kind
    public var description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
