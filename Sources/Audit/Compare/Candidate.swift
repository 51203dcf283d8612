import ObjectModel

/// A key that the listings leave to be looked at or told, as it waits on disk.
struct Candidate: Hashable {
    var key: ObjectKey
    /// What the listings showed, in the order of the places.
    var facts: [ObjectFacts?]
    /// The listings show that it is the same everywhere.
    var isSame: Bool

    /// A manifest's lines are looked up again, not kept.
    ///
    /// Layout: flags (1 byte), places (1 byte), for each place a byte that says whether it has the key and, if so, size and
    /// date (8 bytes each, little-endian) and the ETag's text after its length (2 bytes); the rest is the key.
    var record: [UInt8] {
        var bytes: [UInt8] = [isSame ? 1 : 0, UInt8(clamping: facts.count)]
        for facts in facts {
            guard let facts else {
                bytes.append(0)
                continue
            }
            bytes.append(facts.size == nil ? 2 : 1)
            guard let size = facts.size else { continue }
            Self.append(UInt64(bitPattern: size), 8, to: &bytes)
            Self.append(UInt64(bitPattern: facts.lastModified?.milliseconds ?? 0), 8, to: &bytes)
            let text = Array(facts.etag.text.utf8.prefix(Int(UInt16.max)))
            Self.append(UInt64(text.count), 2, to: &bytes)
            bytes += text
        }
        return bytes + key.bytes
    }

    /// Takes up what `record` wrote.
    ///
    /// - Parameter manifest: what the manifest says of a key.
    init(record: [UInt8], manifest: (ObjectKey) -> ObjectFacts?) {
        var rest = record[...]
        isSame = rest.popFirst() == 1
        let count = Int(rest.popFirst() ?? 0)
        facts = []
        var fromManifest: [Int] = []
        for index in 0..<count {
            switch rest.popFirst() {
            case 1:
                let size = Int64(bitPattern: Self.take(8, from: &rest))
                let date = Int64(bitPattern: Self.take(8, from: &rest))
                let length = Int(Self.take(2, from: &rest))
                let text = Array(rest.prefix(length))
                rest = rest.dropFirst(length)
                facts.append(
                    ObjectFacts(size: size, etag: ETag(utf8: text), lastModified: Timestamp(milliseconds: date)))
            case 2:
                facts.append(nil)
                fromManifest.append(index)
            default: facts.append(nil)
            }
        }
        key = ObjectKey(bytes: Array(rest))
        for index in fromManifest { facts[index] = manifest(key) }
    }

    init(_ row: AuditMerge.Row) {
        (key, facts, isSame) = (row.key, row.facts, row.isSame)
    }

    private static func append(_ value: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    private static func take(_ count: Int, from bytes: inout ArraySlice<UInt8>) -> UInt64 {
        let value = bytes.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        bytes = bytes.dropFirst(count)
        return value
    }
}
