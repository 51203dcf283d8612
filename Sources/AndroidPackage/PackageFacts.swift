/// What a package says about itself.
public struct PackageFacts: Hashable, Sendable {
    /// As in `com.example.app`; empty where the manifest cannot be read, which is then among the problems.
    public var package: String
    /// Nil where none is given, and where it is a resource that could not be resolved.
    public var versionName: String?
    /// As in `@0x7f0b0001`, of a version name that is a resource which could not be resolved.
    public var versionNameReference: String?
    /// `versionCodeMajor` in the upper 32 bits and `versionCode`, unsigned, in the lower ones; 0 where not given.
    public var versionCode: Int64
    /// Nil where not given, or not a number; then see the codename.
    public var minSDK: Int?
    public var targetSDK: Int?
    /// Of an Android version before its release, in place of the number.
    public var minSDKCodename: String?
    public var targetSDKCodename: String?
    /// Those that are present, whether they verify or not, in ascending order.
    public var schemes: [SignatureScheme]
    /// The SHA-256 of each current signer's certificate in lower-case hexadecimal, as in the strongest scheme and in the
    /// order of the file.
    public var signers: [String]
    /// The same of the certificates that a rotated key replaced, oldest first.
    public var lineage: [String]
    /// As far as directory, manifest and signature blocks tell. The content's own digests are for `PackageVerifier`.
    public var problems: [PackageProblem]
    /// The oldest version of Android that it says it is for: 1, as Android takes it, where it says nothing. Nil where that
    /// is not known, or a codename: versions that had none yet when they were built are newer than all that matters here.
    var oldestSDK: Int?
    /// Where the parts lie that digests are about, and the digests; nil without a signature of v2 or later.
    var signedContents: SignedContents?

    public init(
        package: String, versionName: String? = nil, versionNameReference: String? = nil, versionCode: Int64 = 0,
        minSDK: Int? = nil, targetSDK: Int? = nil, minSDKCodename: String? = nil, targetSDKCodename: String? = nil,
        schemes: [SignatureScheme] = [], signers: [String] = [], lineage: [String] = [],
        problems: [PackageProblem] = []
    ) {
        self.package = package
        self.versionName = versionName
        self.versionNameReference = versionNameReference
        self.versionCode = versionCode
        self.minSDK = minSDK
        self.targetSDK = targetSDK
        self.minSDKCodename = minSDKCodename
        self.targetSDKCodename = targetSDKCodename
        self.schemes = schemes
        self.signers = signers
        self.lineage = lineage
        self.problems = problems
    }
}
