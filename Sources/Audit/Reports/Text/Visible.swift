import ObjectModel

/// Text that shows what it holds: nothing in it steers a terminal, breaks a line, turns the direction of reading, or is
/// invisible.
enum Visible {
    /// A key, so that two keys never show alike but by letters that look alike: what cannot be seen is written `\u{1B}`,
    /// a backslash is doubled, and bytes that are not UTF-8 are followed by all bytes in hexadecimal.
    static func key(_ key: ObjectKey) -> String {
        let text = escaped(key.description, backslash: "\\\\") { $0 }
        // No key's text has a backslash before an x: both of its would be there.
        return key.hexadecimalIfNotUTF8.map { "\(text) (bytes \\x\($0))" } ?? text
    }

    /// Words of servers, packages and people; a backslash stays what it is.
    static func text(_ text: String) -> String {
        escaped(text, backslash: "\\") { $0 }
    }

    /// `text` with what cannot be seen as `mark` shows it, given its escape.
    static func escaped(_ text: String, backslash: String, mark: (String) -> String) -> String {
        // Most keys, and nearly all words.
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x5C }) { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\\" {
                out.append(contentsOf: backslash.unicodeScalars)
            } else if isVisible(scalar) {
                out.append(scalar)
            } else {
                let escape = "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
                out.append(contentsOf: mark(escape).unicodeScalars)
            }
        }
        return String(out)
    }

    /// Whether a letter shows as itself. Not: control characters, formats (directions, joiners, tags, soft hyphens), line
    /// and paragraph separators, and code points that are no characters, some of which XML forbids.
    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20...0x7E).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return false
        default: return !scalar.properties.isNoncharacterCodePoint
        }
    }
}
