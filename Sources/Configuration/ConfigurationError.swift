/// Something in the configuration, the environment or a place that cannot be used, as one sentence.
///
/// No secret is ever part of it: values that may hold one are described, not quoted.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What failed, why, and what to try.
    public let description: String

    /// `what` and `why` are joined by a colon, `advice` follows after a semicolon; none ends with a full stop.
    public init(_ what: String, why: String, advice: String) {
        description = Self.printable("\(what): \(why); \(advice).")
    }

    /// Without line breaks and other control characters, which names and paths from outside may hold.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
    }
}
