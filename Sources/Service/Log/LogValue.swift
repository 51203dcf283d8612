public import ObjectModel
import Runtime

/// What a field of a log line says.
public enum LogValue: Sendable, Hashable {
    case string(String)
    case integer(Int64)
    /// A number with exactly `digits` (0 to 9) digits after the point. One that is not finite is `null` in JSON.
    case decimal(Double, digits: Int)
    case boolean(Bool)
}

extension LogValue {
    /// A number of things; past `Int64` it saturates.
    public static func count(_ value: some BinaryInteger) -> LogValue { .integer(Int64(clamping: value)) }

    /// Seconds with three digits after the point.
    public static func seconds(_ value: Duration) -> LogValue { .decimal(value.inSeconds, digits: 3) }

    /// `2026-11-21T01:02:03.004Z`.
    public static func time(_ value: Timestamp) -> LogValue { .string(value.iso8601) }

    /// A key as text; bytes that are not UTF-8 show as U+FFFD.
    public static func key(_ value: ObjectKey) -> LogValue { .string(value.description) }

    /// Whatever describes itself in one sentence: errors, places.
    public static func text(_ value: some CustomStringConvertible) -> LogValue { .string(value.description) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}
