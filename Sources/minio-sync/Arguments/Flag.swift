/// One flag of a command: its names, its help, and what it sets.
struct Flag<Options>: Sendable {
    enum Kind: Sendable {
        /// Takes no value; the configuration file may say `false`. Gives what is wrong with that, or nil.
        case toggle(@Sendable (inout Options, Bool) -> String?)
        /// Takes one value, shown in the help by its name. Gives what would be right, or nil if the value is.
        case value(String, @Sendable (inout Options, String) -> String?)
    }

    /// Without `--`.
    let name: String
    /// Without `-`.
    let short: Character?
    let help: String
    let kind: Kind
    /// Whether a mirror of the configuration file may have it.
    let isConfigurable: Bool

    /// A flag without a value.
    static func toggle(
        _ name: String, short: Character? = nil, _ help: String, isConfigurable: Bool = true,
        _ set: @escaping @Sendable (inout Options, Bool) -> Void
    ) -> Flag {
        let kind = Kind.toggle { options, isOn in
            set(&options, isOn)
            return nil
        }
        return Flag(name: name, short: short, help: help, kind: kind, isConfigurable: isConfigurable)
    }

    /// A flag with a value that is taken as it is.
    static func text(
        _ name: String, _ placeholder: String, _ help: String, isConfigurable: Bool = true,
        _ set: @escaping @Sendable (inout Options, String) -> Void
    ) -> Flag {
        parsed(
            name, placeholder, help, expects: "a value", isConfigurable: isConfigurable, { $0.isEmpty ? nil : $0 }, set)
    }

    /// A flag whose value `parse` understands; `expects` says what it takes, as in "a whole number".
    static func parsed<Value>(
        _ name: String, _ placeholder: String, _ help: String, expects: String, isConfigurable: Bool = true,
        _ parse: @escaping @Sendable (String) -> Value?, _ set: @escaping @Sendable (inout Options, Value) -> Void
    ) -> Flag {
        let kind = Kind.value(placeholder) { options, text in
            guard let value = parse(text) else { return expects }
            set(&options, value)
            return nil
        }
        return Flag(name: name, short: nil, help: help, kind: kind, isConfigurable: isConfigurable)
    }

    /// A flag whose value is a whole number.
    static func number(
        _ name: String, _ placeholder: String, _ range: ClosedRange<Int>, _ help: String,
        _ set: @escaping @Sendable (inout Options, Int) -> Void
    ) -> Flag {
        let parse: @Sendable (String) -> Int? = { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
        let expects = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return parsed(name, placeholder, help, expects: expects, parse, set)
    }

    /// A flag whose value is one of an enumeration's names.
    static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout Options, Value) -> Void
    ) -> Flag {
        let choices = Value.allCases.map { (name: $0.rawValue, value: $0) }
        let names = choices.map(\.name)
        let parse: @Sendable (String) -> Value? = { text in choices.first { $0.name == text }?.value }
        let expects = "one of \(names.joined(separator: ", "))"
        return parsed(name, names.joined(separator: "|"), help, expects: expects, parse, set)
    }
}

/// A flag as it was given, on the command line or in the configuration file.
struct FlagUse: Hashable, Sendable {
    /// The flag's long name without `--`.
    var name: String
    /// Nil for a flag without a value, on the command line.
    var value: String?
    /// Where it stands in the configuration file, for errors: `FILE, line N`.
    var origin: String?
    /// Whether the value was a word of its own on the command line.
    var isSeparate = false
}
