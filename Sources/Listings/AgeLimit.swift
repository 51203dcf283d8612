public import ObjectModel
import Runtime

/// The moment that `--older-than` and `--newer-than` name.
public enum AgeLimit: Hashable, Sendable {
    /// So long before now.
    case ago(milliseconds: Int64)
    case moment(Timestamp)

    /// Parses a length of time (`7d`, `12h30m`, `1w`; see `DurationText`), a date of RFC 3339
    /// (`2026-11-21T01:02:03Z`, `2026-11-21T01:02:03.5+02:00`), or a day (`2026-11-21`, its first moment in UTC).
    /// Nil for anything else.
    public init?(_ text: String) {
        if let duration = DurationText.parse(text) {
            let (seconds, attoseconds) = duration.components
            self = .ago(milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        } else if let moment = Self.date(Array(text.utf8)) {
            self = .moment(moment)
        } else {
            return nil
        }
    }

    private static func date(_ text: [UInt8]) -> Timestamp? {
        if text.count == 10 { return Timestamp(iso8601: text + Array("T00:00:00Z".utf8)) }
        if text.last == UInt8(ascii: "Z") || text.last == UInt8(ascii: "z") {
            return Timestamp(iso8601: text.dropLast() + [UInt8(ascii: "Z")])
        }
        let offset = text.suffix(6)
        guard text.count > 20, let sign = offset.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let civil = Timestamp(iso8601: text.dropLast(6) + [UInt8(ascii: "Z")])
        else { return nil }
        let parts = String(decoding: offset.dropFirst(), as: UTF8.self).split(separator: ":")
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hours = Int64(parts[0]), let minutes = Int64(parts[1]), hours < 24, minutes < 60
        else { return nil }
        let shift = (hours * 60 + minutes) * 60_000
        return Timestamp(milliseconds: civil.milliseconds + (sign == UInt8(ascii: "+") ? -shift : shift))
    }

    /// The moment meant, when it is `now`.
    public func moment(now: Timestamp) -> Timestamp {
        switch self {
        case .ago(let milliseconds): Timestamp(milliseconds: now.milliseconds - milliseconds)
        case .moment(let moment): moment
        }
    }
}
