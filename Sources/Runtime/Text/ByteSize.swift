/// Numbers of bytes as people write them: `512`, `10MiB`, `1.5GB`.
public enum ByteSize {
    /// Parses a non-negative number with an optional unit: `B`, `K`/`KB` (1000), `KiB` (1024), likewise M, G, T; units
    /// in any case, a space allowed before them. Nil for anything else or past `Int64`.
    public static func parse(_ text: String) -> Int64? {
        let trimmed = text.filter { $0 != " " }.lowercased()
        let digits = trimmed.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(digits), value >= 0 else { return nil }
        let factors: [String: Double] = [
            "": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
            "ki": 1024, "kib": 1024, "mi": 1_048_576, "mib": 1_048_576, "gi": 1_073_741_824, "gib": 1_073_741_824,
            "ti": 1_099_511_627_776, "tib": 1_099_511_627_776,
        ]
        guard let factor = factors[String(trimmed.dropFirst(digits.count))], value * factor < 9.2e18 else { return nil }
        return Int64(value * factor)
    }

    /// Three significant digits and a binary unit: `0 B`, `1023 B`, `1.50 MiB`.
    public static func format(_ bytes: Int64) -> String {
        guard bytes >= 1024 else { return "\(bytes) B" }
        var value = Double(bytes) / 1024
        var unit = 0
        // What would be rounded up to the next unit, or to a digit more, is written as that.
        while value >= 1023.5, unit < 4 {
            value /= 1024
            unit += 1
        }
        let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
        return "\(Decimals.format(value, decimals)) \(["KiB", "MiB", "GiB", "TiB", "PiB"][unit])"
    }
}

/// Fixed-point text of a number, without Foundation's formatter.
public enum Decimals {
    /// `value` with exactly `decimals` (0 to 9) digits after the point, rounded half away from zero.
    public static func format(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, abs(value) < 9e15 else { return "\(value)" }
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }
}
