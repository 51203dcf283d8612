public import ObjectModel

extension SignatureV4 {
    /// The path of a key in path style, `/bucket/key`; with an empty bucket that of virtual-host style, `/key`.
    public static func canonicalPath(bucket: String, key: ObjectKey?) -> [UInt8] {
        var path: [UInt8] = [UInt8(ascii: "/")]
        if !bucket.isEmpty {
            URIEncoding.append(Array(bucket.utf8), keepSlash: false, to: &path)
            if key != nil { path.append(UInt8(ascii: "/")) }
        }
        if let key { URIEncoding.append(key.bytes, keepSlash: true, to: &path) }
        return path
    }

    /// Names and values encoded, sorted by encoded name and then by encoded value, joined with `=` and `&`.
    public static func canonicalQuery(_ items: [QueryItem]) -> [UInt8] {
        if items.isEmpty { return [] }
        var encoded = items.map { item in
            QueryItem(
                name: URIEncoding.encode(item.name, keepSlash: false),
                value: URIEncoding.encode(item.value, keepSlash: false))
        }
        encoded.sort { left, right in
            left.name == right.name
                ? left.value.lexicographicallyPrecedes(right.value) : left.name.lexicographicallyPrecedes(right.name)
        }
        var query: [UInt8] = []
        for item in encoded {
            if !query.isEmpty { query.append(UInt8(ascii: "&")) }
            query.append(contentsOf: item.name)
            query.append(UInt8(ascii: "="))
            query.append(contentsOf: item.value)
        }
        return query
    }
}
