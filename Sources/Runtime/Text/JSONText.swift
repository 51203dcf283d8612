/// One JSON object written field by field in the order given, as UTF-8 text without line breaks.
///
/// For lines that other programs parse: the order of fields is part of what people read, and no dictionary is built on
/// the way. Reading JSON is `FoundationEssentials`' business.
public struct JSONText: Sendable {
    /// The text so far, without the closing brace.
    private var text = "{"
    private var isFirst = true

    public init() {}

    /// The finished object.
    public var object: String { text + "}" }

    private mutating func name(_ name: String) {
        if !isFirst { text += "," }
        isFirst = false
        text += Self.quoted(name)
        text += ":"
    }

    public mutating func set(_ name: String, _ value: String) {
        self.name(name)
        text += Self.quoted(value)
    }

    public mutating func set(_ name: String, _ value: some BinaryInteger) {
        self.name(name)
        text += "\(value)"
    }

    public mutating func set(_ name: String, _ value: Bool) {
        self.name(name)
        text += value ? "true" : "false"
    }

    /// A number with at most `decimals` digits after the point.
    public mutating func set(_ name: String, _ value: Double, decimals: Int) {
        self.name(name)
        text += value.isFinite ? Decimals.format(value, decimals) : "null"
    }

    public mutating func set(_ name: String, _ value: JSONText) {
        self.name(name)
        text += value.object
    }

    public mutating func setNull(_ name: String) {
        self.name(name)
        text += "null"
    }

    /// An array of objects.
    public mutating func set(_ name: String, _ values: [JSONText]) {
        self.name(name)
        text += "[" + values.map(\.object).joined(separator: ",") + "]"
    }

    /// An array of strings.
    public mutating func set(_ name: String, _ values: [String]) {
        self.name(name)
        text += "[" + values.map(Self.quoted).joined(separator: ",") + "]"
    }

    /// `value` as a JSON string, with what RFC 8259 requires escaped, and U+2028, U+2029, DEL and C1 control
    /// characters as well, so that a line stays a line in every reader and steers no terminal.
    public static func quoted(_ value: String) -> String {
        var out = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
