/// Text in HTML and XML.
enum Markup {
    /// `text` as content or as an attribute's value between quotes of either kind. Characters that XML forbids show as
    /// escapes.
    static func text(_ text: String) -> String { escaped(Visible.text(text)) }

    /// As `text`, of what is visible already.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x26 || $0 == 0x3C || $0 == 0x3E || $0 == 0x22 || $0 == 0x27 }) else {
            return text
        }
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
