/// Text that must not be printed: a secret key or a session token.
///
/// Interpolation, `dump`, `String(reflecting:)` and reflection show `…` and nothing else, so a log line or an error that
/// holds one by accident gives nothing away. Two secrets are compared in constant time for their length.
public struct Secret: Sendable {
    /// The bytes, for the code that signs or sends them.
    let bytes: [UInt8]

    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The text in clear. Name the reason beside every use: a header that is sent, a child process' environment.
    public var revealed: String { String(decoding: bytes, as: UTF8.self) }

    public var isEmpty: Bool { bytes.isEmpty }
}

extension Secret: Equatable {
    public static func == (left: Secret, right: Secret) -> Bool {
        guard left.bytes.count == right.bytes.count else { return false }
        var difference: UInt8 = 0
        for index in left.bytes.indices { difference |= left.bytes[index] ^ right.bytes[index] }
        return difference == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "…" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension Secret: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(value) }
}
