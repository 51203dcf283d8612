/// A secret key or session token. However it is printed, dumped or interpolated, it shows as `••••`.
public struct SecretText: Hashable, Sendable {
    /// The secret itself, for the one who signs.
    public let exposed: String

    public init(_ text: String) {
        exposed = text
    }
}

extension SecretText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "••••" }
    public var debugDescription: String { "••••" }
    public var customMirror: Swift.Mirror { Swift.Mirror(self, children: []) }
}
