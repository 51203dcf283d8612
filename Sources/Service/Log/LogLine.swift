import ObjectModel
import Runtime

/// One fact as one line of text, without its line break. Pure.
///
/// Values come from outside (keys, servers' words): whatever they hold, they start no new line and steer no terminal.
struct LogLine {
    var time: Timestamp?
    var level: LogLevel
    var event: String
    var fields: [(String, LogValue)]
    var hasPriorityPrefix: Bool

    func text(_ format: LogFormat) -> String {
        let body = format == .json ? json : pairs
        return hasPriorityPrefix ? "<\(level.rawValue)>\(body)" : body
    }

    // MARK: JSON

    private var json: String {
        var json = JSONText()
        if let time { json.set("time", time.iso8601) }
        json.set("level", level.name)
        json.set("event", event)
        for (name, value) in fields {
            switch value {
            case .string(let text): json.set(name, text)
            case .integer(let number): json.set(name, number)
            case .decimal(let number, let digits): json.set(name, number, decimals: digits)
            case .boolean(let flag): json.set(name, flag)
            }
        }
        return json.object
    }

    // MARK: key=value

    private var pairs: String {
        var line = time.map { "time=\($0.iso8601) " } ?? ""
        line += "level=\(level.name) event="
        line += Self.word(event)
        for (name, value) in fields {
            line += " \(name)="
            switch value {
            case .string(let text): line += Self.word(text)
            case .integer(let number): line += "\(number)"
            case .decimal(let number, let digits): line += Decimals.format(number, digits)
            case .boolean(let flag): line += flag ? "true" : "false"
            }
        }
        return line
    }

    /// `text` as logfmt has it: bare where no reader could take it for something else, otherwise quoted, with JSON's
    /// escapes.
    static func word(_ text: String) -> String {
        let isBare = text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "\"", "=", "\\", "\u{FFFD}": false
            default: !scalar.properties.isWhitespace && !isControl(scalar)
            }
        }
        if isBare, !text.isEmpty { return text }
        var quoted = ""
        for scalar in JSONText.quoted(text).unicodeScalars {
            if isControl(scalar) {
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted
    }

    /// Control characters, C1 included (some readers end a line at U+0085), and what changes the direction of writing,
    /// by which a key could pretend to be another.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
