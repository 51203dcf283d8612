import ObjectModel

/// Text for people.
enum Text {
    /// A key as one line that cannot steer a terminal: control characters show as U+FFFD.
    static func printable(_ key: ObjectKey) -> String { printable(key.description) }

    /// Any text as one line that cannot steer a terminal.
    static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
