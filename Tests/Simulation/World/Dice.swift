import Runtime

/// Chance in the words of the world. One seed, one sequence.
struct Dice {
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> UInt64 { generator.next() }

    /// 0 ..< `bound`, which is at least 1.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// A number of `range`.
    mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// 0 ..< 1.
    mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }

    mutating func isLucky(_ probability: Double) -> Bool { fraction() < probability }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Between `low` and `high`, so that each order of magnitude is as likely.
    mutating func spread(_ low: Int64, _ high: Int64) -> Int64 {
        var (value, fraction) = (Double(low), fraction())
        // e^(f·ln(high/low)) without the library's `pow`, whose last bit may differ from machine to machine.
        while fraction > 0, value < Double(high) {
            let step = min(fraction, 1.0 / 64)
            value += value * step * Self.logarithm(Double(high) / Double(low))
            fraction -= step
        }
        return min(high, max(low, Int64(value)))
    }

    private static func logarithm(_ ratio: Double) -> Double {
        var (exponent, mantissa) = (0.0, ratio)
        while mantissa >= 2 {
            mantissa /= 2
            exponent += 1
        }
        return (exponent + mantissa - 1) * 0.69
    }
}
