/// How a line of the log is written.
public enum LogFormat: String, CaseIterable, Sendable {
    /// `key=value` pairs with a space between them (logfmt), values quoted where they must be.
    case text
    /// One JSON object.
    case json
}
