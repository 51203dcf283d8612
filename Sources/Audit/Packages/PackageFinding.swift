public import AndroidPackage
public import ObjectModel

/// One APK on one place.
public struct PackageEntry: Hashable, Sendable {
    /// The place, as it was given.
    public var place: String
    /// As in `Finding.key`.
    public var key: ObjectKey
    /// Nil where it is no APK at all, or could not be read.
    public var facts: PackageFacts?
    /// What makes it not installable, damaged or unreadable, a sentence each.
    public var problems: [String]
    /// Whether digests and signatures were checked over all bytes, not only the directory and the signing block.
    public var isVerified: Bool
    /// Whether all bytes are those that were signed; nil where they were not checked, and where there is no signature to
    /// check them by.
    public var isGenuine: Bool?

    public var isIntact: Bool { problems.isEmpty }

    public init(
        place: String, key: ObjectKey, facts: PackageFacts?, problems: [String], isVerified: Bool,
        isGenuine: Bool? = nil
    ) {
        self.place = place
        self.key = key
        self.facts = facts
        self.problems = problems
        self.isVerified = isVerified
        self.isGenuine = isGenuine
    }
}

/// All APKs of one package on all places.
public struct PackageFinding: Hashable, Sendable {
    /// A version in the form `2.0.6+48`: versionName, `+`, versionCode.
    public typealias Version = String

    public var package: String
    /// The newest version on each place, in the order of the places; nil where it has none.
    public var newest: [(place: String, version: Version?)] {
        get { zip(placeNames, versions).map { ($0, $1) } }
        set {
            placeNames = newValue.map(\.place)
            versions = newValue.map(\.version)
        }
    }
    private var placeNames: [String]
    private var versions: [Version?]
    /// Whether every place has the same newest version.
    public var agrees: Bool
    /// What `--expect` wants of it, if it does.
    public var expected: Version?
    /// Whether every place has what is expected as the newest, and intact; true where nothing is expected.
    public var isMet: Bool
    /// What is wrong with the package over all places and versions, a sentence each.
    public var problems: [String]

    /// - Parameter isMet: nil where the newest versions alone tell.
    public init(
        package: String, newest: [(place: String, version: Version?)], agrees: Bool, expected: Version?,
        isMet: Bool? = nil, problems: [String]
    ) {
        self.package = package
        placeNames = newest.map(\.place)
        versions = newest.map(\.version)
        self.agrees = agrees
        self.expected = expected
        self.isMet = isMet ?? (expected == nil || versions.allSatisfy { $0 == expected })
        self.problems = problems
    }
}
