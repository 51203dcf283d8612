import Listings
import Runtime

/// Options of a command that is about some objects of a place.
protocol FilteringFlags: Sendable {
    /// In the order given, those of the command line before those of the configuration file.
    var rules: [Filter.Rule] { get set }
    var olderThan: AgeLimit? { get set }
    var newerThan: AgeLimit? { get set }
    var storageClasses: Set<String> { get set }
}

extension FilteringFlags {
    /// The filter that the rules and limits make.
    var filter: Filter {
        Filter(rules: rules, olderThan: olderThan, newerThan: newerThan, storageClasses: storageClasses)
    }
}

extension Command where Options: FilteringFlags {
    /// - Parameter reference: what the help calls the place whose objects' ages and classes count.
    static func filterGroup(reference: String) -> Group {
        Group(
            title: "Which objects",
            flags: [
                rule("include", "Take keys that match") { .include($0) },
                rule("exclude", "Leave out keys that match, on every side") { .exclude($0) },
                age("older-than", "Only objects modified before: 7d, 12h30m, 2026-11-21") { $0.olderThan = $1 },
                age("newer-than", "Only objects modified since then") { $0.newerThan = $1 },
                .parsed(
                    "storage-class", "CLASS[,CLASS]", "Only objects of these classes of \(reference); may be repeated",
                    expects: "names such as STANDARD,STANDARD_IA", classes
                ) { $0.storageClasses.formUnion($1) },
            ])
    }

    private static func rule(
        _ name: String, _ help: String, _ make: @escaping @Sendable (Glob) -> Filter.Rule
    ) -> Flag<Options> {
        let text = "\(help); * matches / too, the first matching rule decides; may be repeated"
        return .glob(name, text) { $0.rules.append(make($1)) }
    }

    private static func age(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout Options, AgeLimit) -> Void
    ) -> Flag<Options> {
        .parsed(
            name, "TIME", help, expects: "a length of time such as 7d or 12h30m, or a date such as 2026-11-21",
            { AgeLimit($0) }, set)
    }

    private static var classes: @Sendable (String) -> Set<String>? {
        { text in
            let names = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.uppercased() }
            let isWellFormed = names.allSatisfy { name in
                !name.isEmpty
                    && name.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
            }
            return isWellFormed ? Set(names) : nil
        }
    }
}

extension Flag {
    /// A flag whose value is a pattern for keys.
    static func glob(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout Options, Glob) -> Void
    ) -> Flag {
        let kind = Kind.value("PATTERN") { options, text in
            // It would match no key, and leave out or take in all of them.
            if text.isEmpty { return "a pattern such as *.tmp" }
            do throws(Glob.Malformed) {
                set(&options, try Glob(text))
                return nil
            } catch {
                return "another pattern: \(error.why), and a bracket that stands for itself is written [[]"
            }
        }
        return Flag(name: name, short: nil, help: help, kind: kind, isConfigurable: true)
    }

    /// A flag whose value is a number of bytes a second.
    static func rate(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout Options, Int64) -> Void
    ) -> Flag {
        .parsed(
            name, "SIZE", help, expects: "a number of bytes a second such as 10MiB",
            { ByteSize.parse($0).flatMap { $0 > 0 ? $0 : nil } }, set)
    }
}
