import Digests
import ObjectModel
import S3

/// One line of a listing.
enum TablePageEntry {
    case object(StoredObject)
    case prefix(ObjectKey)

    /// Its key or common prefix, by which it is sorted.
    var name: ObjectKey {
        switch self {
        case .object(let object): object.key
        case .prefix(let prefix): prefix
        }
    }
}

/// A page of a listing: what a table holds, rolled up, ordered and cut.
struct TablePage {
    /// What is asked for.
    struct Request {
        var prefix: ObjectKey
        /// Empty for none.
        var delimiter: [UInt8]
        /// Entries after this name only.
        var after: ObjectKey?
        /// 0 to the server's page size.
        var limit: Int
        var order: Behaviour.ListOrder
    }

    var entries: [TablePageEntry] = []
    var isTruncated = false

    init(_ table: any ObjectTable, _ bucket: String, _ request: Request) {
        guard request.limit > 0 else { return }
        if request.order == .bytes {
            collect(table, bucket, request)
        } else {
            sort(table, bucket, request)
        }
        if entries.count > request.limit {
            entries.removeLast(entries.count - request.limit)
            isTruncated = true
        }
    }

    /// The part of a key up to the first delimiter behind the prefix, or nil.
    private static func rolledUp(_ key: ObjectKey, _ request: Request) -> ObjectKey? {
        guard !request.delimiter.isEmpty else { return nil }
        let rest = key.bytes.dropFirst(request.prefix.bytes.count)
        var start = rest.startIndex
        while start + request.delimiter.count <= rest.endIndex {
            if rest[start...].starts(with: request.delimiter) {
                return ObjectKey(bytes: Array(key.bytes[..<(start + request.delimiter.count)]))
            }
            start += 1
        }
        return nil
    }

    /// Reads on in the table's own order until there is one entry more than asked for.
    private mutating func collect(_ table: any ObjectTable, _ bucket: String, _ request: Request) {
        var start = request.after.map { ListingStart.after($0) } ?? .beginning
        while entries.count <= request.limit {
            let want = request.limit + 1 - entries.count
            let objects = table.objects(in: bucket, prefix: request.prefix, from: start, limit: want)
            for object in objects {
                guard let prefix = Self.rolledUp(object.key, request) else {
                    entries.append(.object(object))
                    continue
                }
                let isBehind = request.after.map { $0 < prefix } ?? true
                if isBehind, entries.last?.name != prefix { entries.append(.prefix(prefix)) }
            }
            guard objects.count == want, let last = objects.last else { return }
            start = .after(last.key)
            // Nothing below a prefix that was rolled up is looked at one by one.
            if let prefix = Self.rolledUp(last.key, request) {
                guard let next = Self.successor(of: prefix) else { return }
                start = .at(next)
            }
        }
    }

    /// The first key that is behind everything below `prefix`.
    static func successor(of prefix: ObjectKey) -> ObjectKey? {
        var bytes = prefix.bytes
        while let last = bytes.popLast() {
            if last < 0xFF {
                bytes.append(last + 1)
                return ObjectKey(bytes: bytes)
            }
        }
        return nil
    }

    /// The orders of other servers: everything is gathered and sorted for each page, which is fine for what tests hold.
    private mutating func sort(_ table: any ObjectTable, _ bucket: String, _ request: Request) {
        var seen: Set<ObjectKey> = []
        var all: [(place: [UInt8], entry: TablePageEntry)] = []
        for object in table.objects(in: bucket, prefix: request.prefix, from: .beginning, limit: .max) {
            let prefix = Self.rolledUp(object.key, request)
            if let prefix, !seen.insert(prefix).inserted { continue }
            let entry = prefix.map { TablePageEntry.prefix($0) } ?? .object(object)
            all.append((Self.place(of: entry.name, request.order), entry))
        }
        all.sort { $0.place.lexicographicallyPrecedes($1.place) }
        let after = request.after.map { Self.place(of: $0, request.order) }
        entries = all.filter { item in after.map { $0.lexicographicallyPrecedes(item.place) } ?? true }.map(\.entry)
    }

    /// Bytes whose order is the order of names.
    private static func place(of name: ObjectKey, _ order: Behaviour.ListOrder) -> [UInt8] {
        switch order {
        case .bytes: name.bytes
        // `/` becomes the least byte and those below it move up by one.
        case .path: name.bytes.map { $0 == UInt8(ascii: "/") ? 0 : $0 < UInt8(ascii: "/") ? $0 + 1 : $0 }
        case .shuffled: MD5Hasher.digest(name.bytes).bytes
        }
    }
}
