import ObjectModel

extension ObjectInfo {
    /// Nil if the answer lacks `Content-Length` (and says no total in `Content-Range`).
    init?(_ head: HTTPHead) {
        guard let length = head["content-length"].flatMap({ Int64($0) }), length >= 0 else { return nil }
        var size = length
        if let range = head["content-range"], let total = range.split(separator: "/").last.flatMap({ Int64($0) }) {
            size = total
        }
        self.init(
            size: size, etag: ETag(head["etag"] ?? ""),
            lastModified: head["last-modified"].flatMap { Timestamp(httpDate: $0) })
        contentLength = length
        headers.contentType = head["content-type"]
        headers.contentEncoding = head["content-encoding"].flatMap(Self.withoutTransferCoding)
        headers.contentDisposition = head["content-disposition"]
        headers.contentLanguage = head["content-language"]
        headers.cacheControl = head["cache-control"]
        headers.expires = head["expires"]
        var metadata: [(String, String)] = []
        head.forEach(prefix: "x-amz-meta-") { metadata.append(($0, $1)) }
        for (name, value) in metadata { headers.addUserMetadata(name, value) }
        tagCount = head["x-amz-tagging-count"].flatMap { Int($0) }
        storageClass = head["x-amz-storage-class"]
        versionID = head["x-amz-version-id"]
        partCount = head["x-amz-mp-parts-count"].flatMap { Int($0) }
        isEncrypted = head["x-amz-server-side-encryption"] != nil
    }

    /// `aws-chunked` tells how an upload travelled; some servers give it back as if it were part of the object.
    private static func withoutTransferCoding(_ value: String) -> String? {
        let codings = value.split(separator: ",").map { $0.filter { $0 != " " } }.filter { $0 != "aws-chunked" }
        return codings.isEmpty ? nil : codings.joined(separator: ",")
    }
}

extension ObjectHeaders {
    /// The request headers that give an object these properties, tags as `x-amz-tagging`.
    ///
    /// `includesTags` is false where tags travel in a request of their own.
    func requestFields(includesTags: Bool = true) -> [HeaderField] {
        var fields: [HeaderField] = []
        func add(_ name: String, _ value: String?) {
            if let value { fields.append(HeaderField(name, value)) }
        }
        add("Content-Type", contentType)
        add("Content-Encoding", contentEncoding)
        add("Content-Disposition", contentDisposition)
        add("Content-Language", contentLanguage)
        add("Cache-Control", cacheControl)
        add("Expires", expires)
        for entry in userMetadata { fields.append(HeaderField("x-amz-meta-\(entry.name)", entry.value)) }
        if includesTags, !tags.isEmpty {
            let query = tags.map { tag in
                "\(Self.encoded(tag.name))=\(Self.encoded(tag.value))"
            }
            fields.append(HeaderField("x-amz-tagging", query.joined(separator: "&")))
        }
        return fields
    }

    private static func encoded(_ text: String) -> String {
        String(decoding: URIEncoding.encode(Array(text.utf8), keepSlash: false), as: UTF8.self)
    }
}
