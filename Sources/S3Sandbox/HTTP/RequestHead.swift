import ObjectModel
import S3

/// A request as it came, before anything is made of it.
struct RequestHead: Sendable {
    let method: String
    /// Still encoded, beginning with `/`.
    let path: [UInt8]
    /// Without `?`, still encoded.
    let rawQuery: [UInt8]
    /// Decoded, in the order of arrival.
    let items: [QueryItem]
    let headers: [HeaderField]
    /// The first value of each header, by lower-case name.
    private let values: [String: String]

    /// `target` is the second word of the request line, in any of its forms.
    init(method: String, target: [UInt8], headers: [HeaderField]) {
        self.method = method
        self.headers = headers
        values = Dictionary(headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        let question = target.firstIndex(of: UInt8(ascii: "?"))
        var path = target[..<(question ?? target.endIndex)]
        // The absolute form, as proxies are asked.
        if path.first != UInt8(ascii: "/"), let scheme = path.firstIndex(of: UInt8(ascii: ":")) {
            let authority = path[scheme...].dropFirst(3)
            path = authority[(authority.firstIndex(of: UInt8(ascii: "/")) ?? authority.endIndex)...]
        }
        self.path = path.isEmpty ? [UInt8(ascii: "/")] : Array(path)
        rawQuery = question.map { Array(target[($0 + 1)...]) } ?? []
        items = SignatureV4.items(received: rawQuery)
    }

    /// The value of a header, named in lower case.
    func header(_ name: String) -> String? { values[name] }

    /// The text of a query item; empty where it came without a value, nil where it did not come.
    func query(_ name: String) -> String? {
        queryBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    func queryBytes(_ name: String) -> [UInt8]? {
        items.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    func hasQuery(_ name: String) -> Bool { queryBytes(name) != nil }

    /// A number in the query; nil where it is not given.
    /// - Throws: `InvalidArgument` where it is none or out of range.
    func number(_ name: String, in range: ClosedRange<Int>) throws(ErrorAnswer) -> Int? {
        guard let text = query(name), !text.isEmpty else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .invalidArgument("\(name) must be an integer between \(range.lowerBound) and \(range.upperBound).")
        }
        return number
    }

    /// The bucket and the key that are meant: from the path, or from a `Host` below `domain` and the path.
    func place(domain: String?) -> (bucket: String, key: ObjectKey) {
        let rest = path.dropFirst()
        if let domain, let host = header("host")?.split(separator: ":").first, host.hasSuffix(".\(domain)") {
            let bucket = String(host.dropLast(domain.utf8.count + 1))
            return (bucket, ObjectKey(bytes: PercentEncoding.decode(rest)))
        }
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let bucket = String(decoding: PercentEncoding.decode(rest[..<end]), as: UTF8.self)
        return (bucket, ObjectKey(bytes: PercentEncoding.decode(rest[end...].dropFirst())))
    }

    /// The query for a log: signatures, tokens and credentials masked.
    var maskedQuery: String {
        let secret: Set = ["x-amz-signature", "x-amz-security-token", "x-amz-credential"]
        return rawQuery.split(separator: UInt8(ascii: "&")).map { part in
            let name = part.prefix { $0 != UInt8(ascii: "=") }
            let plain = String(decoding: PercentEncoding.decode(name), as: UTF8.self).lowercased()
            let shown = secret.contains(plain) ? name + Array("=***".utf8) : part
            return String(decoding: shown, as: UTF8.self)
        }.joined(separator: "&")
    }
}
