public import ObjectModel

/// Which objects a mirror is about. One filter governs copies and deletes alike.
///
/// It has two parts, because they mean different things for a deletion:
/// - **Names** put a key in scope or out of it, on both sides. A key out of scope is neither copied nor deleted.
/// - **Attributes** (age, storage class) are those of the *source's* object. An object that they leave out is not copied,
///   but it exists: its counterpart on the target is not an extra and must not be deleted. They say nothing about an
///   object that exists on the target only; that one is judged by its name.
///
/// Names: rules are tried in the order given and the first whose pattern matches decides, as in rclone. A key that no
/// rule matches is treated opposite to the last rule, so that no rule is without effect:
///
/// | rules | what no rule matches |
/// |---|---|
/// | none | in scope |
/// | only excludes | in scope |
/// | only includes | out of scope |
/// | `--include a/keep* --exclude a/*` | in scope: all but `a/`, of which `a/keep…` stays |
/// | `--exclude tmp/* --include *.apk` | out of scope: the APKs that are not below `tmp/` |
public struct Filter: Hashable, Sendable {
    public enum Rule: Hashable, Sendable {
        case include(Glob)
        case exclude(Glob)
    }

    /// Applied to the key without the mirror's prefix.
    public let rules: [Rule]
    /// Objects last modified before this moment.
    public let olderThan: AgeLimit?
    /// Objects last modified at this moment or later: with the same limit, exactly those that `olderThan` leaves out.
    public let newerThan: AgeLimit?
    /// In capitals; empty for every class.
    public let storageClasses: Set<String>

    /// Every object.
    public static let everything = Filter()

    /// `storageClasses` are compared without regard to case.
    public init(
        rules: [Rule] = [], olderThan: AgeLimit? = nil, newerThan: AgeLimit? = nil, storageClasses: Set<String> = []
    ) {
        self.rules = rules
        self.olderThan = olderThan
        self.newerThan = newerThan
        self.storageClasses = Set(storageClasses.map { $0.uppercased() })
    }

    /// Whether a key is in scope by its name, given without the mirror's prefix.
    public func includes(_ relativeKey: borrowing RawSpan) -> Bool {
        guard let last = rules.last else { return true }
        for rule in rules {
            switch rule {
            case .include(let glob): if glob.matches(relativeKey) { return true }
            case .exclude(let glob): if glob.matches(relativeKey) { return false }
            }
        }
        if case .include = last { return false }
        return true
    }

    /// Whether `key` is in scope by what follows its first `prefixLength` bytes, which it must have.
    public func includes(_ key: ObjectKey, prefixLength: Int = 0) -> Bool {
        if rules.isEmpty { return true }
        return unsafe includes(key.bytes.span.bytes.extracting(droppingFirst: prefixLength))
    }

    /// Whether nothing is left out.
    public var isEverything: Bool { rules.isEmpty && ignoresAttributes }

    /// Whether every object passes by its attributes.
    public var ignoresAttributes: Bool { olderThan == nil && newerThan == nil && storageClasses.isEmpty }

    /// Whether an object of the source is in scope by its attributes. A server that names no class means `STANDARD`.
    public func includes(lastModified: Timestamp, storageClass: String?, now: Timestamp) -> Bool {
        if let olderThan, lastModified >= olderThan.moment(now: now) { return false }
        if let newerThan, lastModified < newerThan.moment(now: now) { return false }
        if storageClasses.isEmpty { return true }
        let named = storageClass.flatMap { $0.isEmpty ? nil : $0 } ?? "STANDARD"
        return storageClasses.contains(named.uppercased())
    }
}
