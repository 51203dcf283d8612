/// The ways in which Android packages are signed (source.android.com, "Application signing").
public enum SignatureScheme: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Signed as a JAR: `META-INF/MANIFEST.MF`, and a `.SF` with its PKCS#7.
    case v1
    case v2
    case v3
    /// A rotated key for Android 13 and later, beside an older one in `v3`.
    case v31 = "v3.1"
    /// In a file of its own beside the package, which this room is not given: no facts ever name it.
    case v4

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}
