import ObjectModel

/// Which synthetic objects and common prefixes a page of a listing has: what `TablePage` finds object by object.
struct SyntheticPage {
    /// Indices in ascending runs, which hold `keyCount` in all.
    private(set) var runs: [Range<Int>] = []
    private(set) var keyCount = 0
    private(set) var prefixes: [ObjectKey] = []
    private(set) var isTruncated = false
    /// The last key or common prefix.
    private(set) var last: ObjectKey?

    var count: Int { keyCount + prefixes.count }

    init(_ keys: SyntheticKeys, _ request: TablePage.Request) {
        let range = keys.range(of: request.prefix)
        let start = request.after.map { max(range.lowerBound, keys.first(after: $0)) } ?? range.lowerBound
        guard request.limit > 0, start < range.upperBound else { return }
        if request.delimiter.isEmpty {
            let run = start..<min(range.upperBound, start + request.limit)
            runs = [run]
            keyCount = run.count
            isTruncated = run.upperBound < range.upperBound
            last = keys[run.upperBound - 1]
        } else {
            rollUp(keys, start..<range.upperBound, request)
        }
    }

    private mutating func rollUp(_ keys: SyntheticKeys, _ range: Range<Int>, _ request: TablePage.Request) {
        var key: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            keys.write(index, to: &key)
            guard let end = Self.end(of: request.delimiter, in: key, behind: request.prefix.bytes.count) else {
                guard count < request.limit else {
                    isTruncated = true
                    return
                }
                if let run = runs.last, run.upperBound == index {
                    runs[runs.count - 1] = run.lowerBound..<index + 1
                } else {
                    runs.append(index..<index + 1)
                }
                keyCount += 1
                index += 1
                if count == request.limit { last = ObjectKey(bytes: key) }
                continue
            }
            let prefix = ObjectKey(bytes: Array(key[..<end]))
            // A page that begins behind a common prefix does not tell it again.
            if request.after.map({ $0 < prefix }) ?? true {
                guard count < request.limit else {
                    isTruncated = true
                    return
                }
                prefixes.append(prefix)
                last = prefix
            }
            guard let behind = TablePage.successor(of: prefix) else { return }
            index = keys.first(notBefore: behind, from: index)
        }
    }

    /// Where the first `delimiter` behind the first `start` bytes ends.
    private static func end(of delimiter: [UInt8], in key: [UInt8], behind start: Int) -> Int? {
        var place = start
        while place + delimiter.count <= key.count {
            if key[place] == delimiter[0], key[place...].starts(with: delimiter) { return place + delimiter.count }
            place += 1
        }
        return nil
    }
}
