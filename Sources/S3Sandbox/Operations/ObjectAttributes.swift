import ObjectModel
import S3

/// What a write gives an object besides its bytes.
enum ObjectAttributes {
    private static let content: Set<String> = [
        "cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires",
        "x-amz-storage-class", "x-amz-website-redirect-location",
    ]

    /// The headers that are kept with an object.
    /// - Throws: `MetadataTooLarge` past the 2 KiB of the S3 user guide.
    static func headers(_ call: Call) throws(ErrorAnswer) -> [ObjectHeaders.NameValue] {
        var kept: [ObjectHeaders.NameValue] = []
        var metadataSize = 0
        for header in call.head.headers {
            let name = header.name.lowercased()
            if call.behaviour.droppedHeaders.contains(name) { continue }
            var value = header.value
            if name.hasPrefix("x-amz-meta-") {
                metadataSize += name.utf8.count - "x-amz-meta-".utf8.count + value.utf8.count
            } else if !content.contains(name) {
                continue
            }
            if name == "content-encoding" {
                // That was the encoding of the transfer.
                value = value.split(separator: ",").map { $0.filter { $0 != " " } }.filter { $0 != "aws-chunked" }
                    .joined(separator: ",")
            }
            if name == "x-amz-storage-class", value == "STANDARD" { continue }
            if !value.isEmpty || name.hasPrefix("x-amz-meta-") { kept.append(ObjectHeaders.NameValue(name, value)) }
        }
        guard metadataSize <= 2048 else {
            throw ErrorAnswer(
                400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size.")
        }
        return kept
    }

    /// The tags in `x-amz-tagging`, a query string.
    static func tags(_ call: Call) throws(ErrorAnswer) -> [ObjectHeaders.NameValue] {
        guard let text = call.head.header("x-amz-tagging"), !call.behaviour.refusesTagging else { return [] }
        let decoded = { (part: Substring) in
            String(decoding: PercentEncoding.decode(Array(part.utf8), plusIsSpace: true), as: UTF8.self)
        }
        let tags = text.split(separator: "&").map { pair in
            let fields = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return ObjectHeaders.NameValue(decoded(fields[0]), fields.count > 1 ? decoded(fields[1]) : "")
        }
        return try checked(tags)
    }

    /// - Throws: `BadRequest` or `InvalidTag` past the limits of the S3 user guide.
    static func checked(_ tags: [ObjectHeaders.NameValue]) throws(ErrorAnswer) -> [ObjectHeaders.NameValue] {
        guard tags.count <= 10 else { throw ErrorAnswer(400, "BadRequest", "Object tags cannot be greater than 10.") }
        let isValid = tags.allSatisfy { tag in
            (1...128).contains(tag.name.unicodeScalars.count) && tag.value.unicodeScalars.count <= 256
        }
        guard isValid, Set(tags.map(\.name)).count == tags.count else {
            throw ErrorAnswer(400, "InvalidTag", "The tag provided was not a valid tag, or was provided twice.")
        }
        return tags
    }
}
