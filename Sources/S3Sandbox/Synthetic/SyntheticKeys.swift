import ObjectModel

/// The keys of synthetic objects: ascending in byte order with the index, so that any of them is found by bisection.
///
/// Keys come in blocks. All keys of a block share a prefix, and the same suffixes follow in every block, which is why a
/// key costs two copies.
struct SyntheticKeys: Sendable {
    let count: Int
    private let shape: SyntheticObjects.Shape
    /// The suffixes of a block's keys, one after the other.
    let suffixes: [UInt8]
    /// Where each suffix begins in `suffixes`, and the end of the last.
    let starts: [Int]

    /// Files in each folder of a deep block. A folder of one is a file beside the folders.
    private static let folders = [
        3, 1, 1, 2, 120, 1, 5, 2, 1, 1, 7, 1, 3, 30, 1, 2, 1, 1, 4, 1, 2, 9, 1, 1, 300, 1, 2, 3, 1, 6, 1, 1, 2, 1, 14,
        1, 3, 1, 2, 1, 1, 60, 1, 2, 1, 5, 1, 1,
    ]

    init(_ count: Int, shape: SyntheticObjects.Shape) {
        precondition((0...SyntheticObjects.maximum).contains(count))
        self.count = count
        self.shape = shape
        let names = shape == .flat ? (0..<1000).map { Self.name($0, 3, ".bin") } : Self.deepNames()
        var starts = [0]
        for name in names { starts.append(starts[starts.count - 1] + name.count) }
        suffixes = names.flatMap(\.self)
        self.starts = starts
    }

    /// The number of keys in a block.
    var blockSize: Int { starts.count - 1 }

    /// Bytes; no suffix is longer.
    var longestSuffix: Int { zip(starts, starts.dropFirst()).reduce(0) { max($0, $1.1 - $1.0) } }

    private static func deepNames() -> [[UInt8]] {
        folders.enumerated().flatMap { number, size in
            let folder = Array("p".utf8) + name(number, 2, "")
            if size == 1 { return [folder + Array(".json".utf8)] }
            let inner = Array((number.isMultiple(of: 3) ? "/x/y/" : "/").utf8)
            return (0..<size).map { file in
                // The large ones have folders of ten files, so that a folder of folders stands among small ones.
                let middle = size < 100 ? inner : Array("/q".utf8) + name(file / 10, 2, "/")
                return folder + middle + name(file, 4, ".bin")
            }
        }
    }

    /// What all keys of a block begin with.
    func prefix(ofBlock block: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        appendPrefix(ofBlock: block, to: &bytes)
        return bytes
    }

    private func appendPrefix(ofBlock block: Int, to key: inout [UInt8]) {
        guard shape == .deep else {
            key += "data/".utf8
            Self.append(block, 7, to: &key)
            return
        }
        // Region n has n + 1 sites, so that upper folders are uneven too.
        var region = Int((Double(8 * block + 1).squareRoot() - 1) / 2)
        while region * (region + 1) / 2 > block { region -= 1 }
        while (region + 1) * (region + 2) / 2 <= block { region += 1 }
        let site = block - region * (region + 1) / 2
        key += "region-".utf8
        Self.append(region, 4, to: &key)
        switch region % 3 {
        case 0: key += "/site-".utf8
        case 1: key += "/archive/site-".utf8
        default: key += "/archive/2019/site-".utf8
        }
        Self.append(site, 4, to: &key)
        key.append(UInt8(ascii: "/"))
    }

    /// Writes the key with this index in the place of what `key` holds.
    func write(_ index: Int, to key: inout [UInt8]) {
        let (block, place) = index.quotientAndRemainder(dividingBy: blockSize)
        key.removeAll(keepingCapacity: true)
        appendPrefix(ofBlock: block, to: &key)
        key += suffixes[starts[place]..<starts[place + 1]]
    }

    subscript(index: Int) -> ObjectKey {
        var key: [UInt8] = []
        key.reserveCapacity(64)
        write(index, to: &key)
        return ObjectKey(bytes: key)
    }

    /// The first index whose key is not before `name`; `count` where all are. All keys below `low` are known to be before it.
    func first(notBefore name: ObjectKey, from low: Int = 0) -> Int {
        var key: [UInt8] = []
        var low = low
        // Steps that double find a near one, the end of a small folder, in few.
        var step = 1
        while low + step <= count {
            write(low + step - 1, to: &key)
            guard ObjectKey(bytes: key) < name else { break }
            low += step
            step *= 2
        }
        var high = min(count, low + step - 1)
        while low < high {
            let middle = low + (high - low) / 2
            write(middle, to: &key)
            if ObjectKey(bytes: key) < name { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first index whose key is behind `name`.
    func first(after name: ObjectKey) -> Int {
        let index = first(notBefore: name)
        return index < count && self[index] == name ? index + 1 : index
    }

    /// The indices of all keys that begin with `prefix`.
    func range(of prefix: ObjectKey) -> Range<Int> {
        let low = first(notBefore: prefix)
        guard let behind = TablePage.successor(of: prefix) else { return low..<count }
        return low..<first(notBefore: behind, from: low)
    }

    func index(of name: ObjectKey) -> Int? {
        let index = first(notBefore: name)
        return index < count && self[index] == name ? index : nil
    }

    /// Decimal digits, zeros in front.
    private static func append(_ number: Int, _ width: Int, to key: inout [UInt8]) {
        let start = key.count
        var rest = number
        for _ in 0..<width {
            key.append(UInt8(truncatingIfNeeded: 48 + rest % 10))
            rest /= 10
        }
        key[start...].reverse()
    }

    private static func name(_ number: Int, _ width: Int, _ end: String) -> [UInt8] {
        var bytes: [UInt8] = []
        append(number, width, to: &bytes)
        return bytes + Array(end.utf8)
    }
}
