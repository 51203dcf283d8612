import ObjectModel

/// The conditions of a request about an object's present version. Source: RFC 9110, section 13, as S3 applies it.
struct Preconditions {
    private let ifMatch: String?
    private let ifNoneMatch: String?
    private let ifModifiedSince: Timestamp?
    private let ifUnmodifiedSince: Timestamp?

    /// `prefix` is empty, or `x-amz-copy-source-` for conditions about a copy's source.
    init(_ head: RequestHead, prefix: String = "") {
        ifMatch = head.header("\(prefix)if-match")
        ifNoneMatch = head.header("\(prefix)if-none-match")
        ifModifiedSince = head.header("\(prefix)if-modified-since").flatMap { Timestamp(httpDate: $0) }
        ifUnmodifiedSince = head.header("\(prefix)if-unmodified-since").flatMap { Timestamp(httpDate: $0) }
    }

    private static func matches(_ list: String, _ etag: String) -> Bool {
        list.split(separator: ",").contains { item in
            let text = item.filter { $0 != " " }
            return text == "*" || text == etag || text == "\"\(etag)\""
        }
    }

    /// For reads: whether the client has this version already (a GET answers 304, a copy 412).
    /// - Throws: `PreconditionFailed`.
    func isUnmodified(_ object: StoredObject) throws(ErrorAnswer) -> Bool {
        if let ifMatch {
            guard Self.matches(ifMatch, object.etag) else { throw .preconditionFailed }
        } else if let ifUnmodifiedSince, object.modified.seconds > ifUnmodifiedSince.seconds {
            throw .preconditionFailed
        }
        if let ifNoneMatch {
            return Self.matches(ifNoneMatch, object.etag)
        }
        return ifModifiedSince.map { object.modified.seconds <= $0.seconds } ?? false
    }

    /// For writes, of the version that would be replaced.
    func checkWrite(_ present: StoredObject?, _ behaviour: Behaviour) throws {
        if let ifNoneMatch, !behaviour.ignoresIfNoneMatch, let present, Self.matches(ifNoneMatch, present.etag) {
            throw ErrorAnswer.preconditionFailed
        }
        if let ifMatch {
            guard let present else { throw ErrorAnswer.noSuchKey }
            guard Self.matches(ifMatch, present.etag) else { throw ErrorAnswer.preconditionFailed }
        }
    }
}
