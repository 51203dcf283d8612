/// Lengths of time as people write them: `30s`, `12h30m`, `7d`, `1w`, `250ms`.
public enum DurationText {
    /// Parses whole numbers with the units `w`, `d` (24 hours), `h`, `m`, `s` and `ms`, largest first, each once. Nil for
    /// anything else (a number without a unit, a sign, a space) or past 1,000 years.
    public static func parse(_ text: String) -> Duration? {
        let units: [(name: String, milliseconds: Int64)] = [
            ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
        ]
        var rest = Array(text.utf8)[...]
        var next = 0
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !(0x30...0x39).contains($0) }
            rest = rest.dropFirst(letters.count)
            let name = String(decoding: letters, as: UTF8.self)
            guard (1...12).contains(digits.count), let value = Int64(String(decoding: digits, as: UTF8.self)),
                let unit = units[next...].firstIndex(where: { $0.name == name })
            else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: units[unit].milliseconds)
            guard !overflow, product < 31_557_600_000_000 else { return nil }
            total += product
            next = unit + 1
        }
        return next == 0 ? nil : .milliseconds(total)
    }
}
