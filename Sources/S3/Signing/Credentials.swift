/// Who signs the requests: an access key, its secret and, for temporary credentials, a session token.
///
/// Prints as the access key's first four characters and `…`, whatever way it is printed.
public struct Credentials: Sendable, Equatable {
    /// The public half; it goes into every request in clear.
    public let accessKey: String
    public let secretKey: Secret
    /// Sent as `x-amz-security-token` and signed with the rest; nil for long-lived credentials.
    public let sessionToken: Secret?

    /// An empty session token counts as none.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = Secret(secretKey)
        self.sessionToken = sessionToken.flatMap { $0.isEmpty ? nil : Secret($0) }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(accessKey.prefix(4))…" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
