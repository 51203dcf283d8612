/// Finds the name that a mistyped one was meant to be.
public enum Spelling {
    /// The candidate that is closest to `word`, if one is close: at most a third of its letters (and at least one, at
    /// most three) inserted, removed, replaced or swapped with a neighbour. Case is ignored, and so is `_` for `-`.
    public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let wanted = folded(word)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let other = folded(candidate)
            let limit = min(3, max(1, max(wanted.count, other.count) / 3))
            guard abs(wanted.count - other.count) <= limit else { continue }
            let distance = distance(wanted, other)
            // A name that shares no letter is no slip, however short it is.
            guard distance < max(wanted.count, other.count) else { continue }
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    private static func folded(_ word: String) -> [UInt8] {
        word.utf8.prefix(100).map { byte in
            switch byte {
            case 0x41...0x5A: byte | 0x20
            case UInt8(ascii: "_"): UInt8(ascii: "-")
            default: byte
            }
        }
    }

    /// The optimal string alignment distance.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
