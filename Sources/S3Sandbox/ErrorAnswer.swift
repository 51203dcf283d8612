import ObjectModel

/// A refusal in S3's terms: what a client reads in the error document.
struct ErrorAnswer: Error, Equatable, Sendable {
    var status: Int
    var code: String
    var message: String
    /// Further elements of the document, such as `Region`.
    var details: [ObjectHeaders.NameValue] = []
    /// Further headers of the answer.
    var headers: [ObjectHeaders.NameValue] = []

    init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    func detail(_ name: String, _ value: String) -> ErrorAnswer {
        var copy = self
        copy.details.append(ObjectHeaders.NameValue(name, value))
        return copy
    }

    func header(_ name: String, _ value: String) -> ErrorAnswer {
        var copy = self
        copy.headers.append(ObjectHeaders.NameValue(name, value))
        return copy
    }

    /// The error document.
    func document(resource: String, requestID: String) -> [UInt8] {
        var xml = XMLText()
        xml.open("Error")
        xml.element("Code", code)
        xml.element("Message", message)
        for detail in details { xml.element(detail.name, detail.value) }
        xml.element("Resource", resource)
        xml.element("RequestId", requestID)
        xml.element("HostId", "s3-sandbox")
        xml.close("Error")
        return xml.bytes
    }
}

extension ErrorAnswer {
    static let accessDenied = ErrorAnswer(403, "AccessDenied", "Access Denied.")
    static let badDigest = ErrorAnswer(
        400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
    static let bucketNotEmpty = ErrorAnswer(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
    static let entityTooSmall = ErrorAnswer(
        400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size.")
    static let hashMismatch = ErrorAnswer(
        400, "XAmzContentSHA256Mismatch", "The x-amz-content-sha256 you specified did not match what we received.")
    static let incompleteBody = ErrorAnswer(
        400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length header.")
    static let internalError = ErrorAnswer(500, "InternalError", "We encountered an internal error, please try again.")
    static let invalidDigest = ErrorAnswer(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
    static let invalidPart = ErrorAnswer(
        400, "InvalidPart", "One or more of the specified parts could not be found, or its ETag did not match.")
    static let invalidPartOrder = ErrorAnswer(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    static let invalidRange = ErrorAnswer(416, "InvalidRange", "The requested range is not satisfiable.")
    static let malformedXML = ErrorAnswer(
        400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our schema.")
    static let methodNotAllowed = ErrorAnswer(
        405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    static let missingContentMD5 = ErrorAnswer(400, "MissingContentMD5", "Missing required header: Content-Md5.")
    static let noSuchBucket = ErrorAnswer(404, "NoSuchBucket", "The specified bucket does not exist.")
    static let noSuchKey = ErrorAnswer(404, "NoSuchKey", "The specified key does not exist.")
    static let noSuchUpload = ErrorAnswer(
        404, "NoSuchUpload", "The specified multipart upload does not exist: it was completed or aborted, or never was."
    )
    static let noSuchVersion = ErrorAnswer(404, "NoSuchVersion", "The specified version does not exist.")
    static let preconditionFailed = ErrorAnswer(
        412, "PreconditionFailed", "At least one of the preconditions you specified did not hold.")
    static let slowDown = ErrorAnswer(503, "SlowDown", "Please reduce your request rate.")
    static let storageFull = ErrorAnswer(
        507, "XMinioStorageFull", "Storage backend has reached its minimum free space.")

    static func invalidArgument(_ message: String) -> ErrorAnswer { ErrorAnswer(400, "InvalidArgument", message) }
    static func invalidRequest(_ message: String) -> ErrorAnswer { ErrorAnswer(400, "InvalidRequest", message) }
    static func notImplemented(_ what: String) -> ErrorAnswer {
        ErrorAnswer(501, "NotImplemented", "You ask for functionality that is not implemented: \(what).")
    }
}
