/// How much a line of the log matters: the severities of RFC 5424, which systemd's `<N>` prefixes are too.
///
/// Ordered by number, so a level is *below* another where it matters more: `.error < .debug`.
public enum LogLevel: Int, Comparable, CaseIterable, Sendable {
    /// Something is wrong and stays so without a person.
    case error = 3
    /// Something failed and is tried again.
    case warning = 4
    /// A change of state that people want to know of, such as the begin and the end of a watch.
    case notice = 5
    /// What is done in the ordinary course: one line an object.
    case info = 6
    /// Every request and decision.
    case debug = 7

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// As it stands in a line: `error`, `warning`, `notice`, `info`, `debug`.
    public var name: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }
}
