package import ObjectModel

/// Which events are meant, here and in the server's terms.
package struct EventFilter {
    /// Nil for all buckets.
    let bucket: String?
    let prefix: ObjectKey

    package init(bucket: String?, prefix: ObjectKey) {
        self.bucket = bucket
        self.prefix = prefix
    }

    /// The start of `prefix` that every server matches as it stands; empty where there is none.
    ///
    /// MinIO matches the wildcard `prefix*`, in which `*` and `?` are special, and refuses backslashes, more than 1,024
    /// bytes, and `.` or `..` as a segment. Its servers between 2019-12 and 2020-04 match the encoded key, in which even
    /// a slash is another text. So this ends at the first byte that encoding would change; the rest is filtered here.
    var serverPrefix: [UInt8] {
        let start = Array(prefix.bytes.prefix(1024).prefix(while: URIEncoding.isUnreserved))
        return start == Array(".".utf8) || start == Array("..".utf8) ? [] : start
    }

    func admits(bucket name: some Collection<UInt8>) -> Bool {
        bucket?.utf8.elementsEqual(name) ?? true
    }

    /// The keys below the prefix that a record may mean: its key as it stands, and percent-decoded.
    func candidateKeys(for key: [UInt8]) -> [ObjectKey] {
        var readings = [ObjectKey(bytes: key)]
        if key.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }),
            let decoded = URIEncoding.decode(key, plusIsSpace: true), decoded != key
        {
            readings.append(ObjectKey(bytes: decoded))
        }
        return readings.filter { $0.hasPrefix(prefix) }
    }
}
