import ObjectModel

/// A part of a listing, from which the number of keys in what follows is guessed. Pure.
struct KeyStretch {
    let first: ObjectKey
    let last: ObjectKey
    /// 2 or more, both ends included.
    let count: Int

    /// About how many keys follow up to `end`, if they go on as densely; nil where the names tell nothing.
    func estimate(through end: ObjectKey) -> Int? {
        guard first < last, last < end else { return nil }
        var common = 0
        let shortest = min(first.bytes.count, last.bytes.count, end.bytes.count)
        while common < shortest, first.bytes[common] == last.bytes[common], last.bytes[common] == end.bytes[common] {
            common += 1
        }
        let (from, to, target) = (place(first, common), place(last, common), place(end, common))
        guard to > from, target > to else { return nil }
        let keys = (target - to) / (to - from) * Double(count - 1)
        return keys < 1e9 ? Int(keys.rounded(.up)) : nil
    }

    /// Where a key lies among all that share its first `common` bytes, from 0 to 1. Digits and letters count among their
    /// like only, as names are made of these.
    private func place(_ key: ObjectKey, _ common: Int) -> Double {
        var (place, unit) = (0.0, 1.0)
        for byte in key.bytes.dropFirst(common).prefix(12) {
            let (rank, radix): (UInt8, Double) =
                switch byte {
                case 0x30...0x39: (byte - 0x30, 10)
                case 0x41...0x5A: (byte - 0x41, 26)
                case 0x61...0x7A: (byte - 0x61, 26)
                default: (byte, 256)
                }
            unit /= radix
            place += Double(rank) * unit
        }
        return place
    }
}
