import ObjectModel
import Reactor
import Runtime

extension S3Error {
    /// From an HTTP answer that is not a success, or a 200 whose body is an error document.
    ///
    /// - Parameter time: what a date to wait for is measured by where the server tells no time of its own.
    init(head: HTTPHead, body: ByteBlock, for request: S3Request, server: String, time: any Time) {
        var code = ""
        var message = ""
        var requestID = head["x-amz-request-id"]
        var region = head["x-amz-bucket-region"]
        if let document = try? XMLTree.parse(body.bytes), document.name == "Error" {
            code = document["Code"]?.text ?? ""
            message = document["Message"]?.text ?? ""
            requestID = document["RequestId"]?.text ?? requestID
            region = document["Region"]?.text ?? region
        }
        if code.isEmpty {
            // A HEAD has no body; newer MinIO says the code in a header.
            code = head["x-minio-error-code"] ?? ""
            message = head["x-minio-error-desc"].map { $0.filter { $0 != "\"" } } ?? Self.phrase(for: head.status)
        }
        let wantsTLS = code.isEmpty && head.status == 400 && Self.wantsTLS(body)
        if wantsTLS { message = "the server takes only HTTPS there" }
        self.init(
            kind: Self.kind(status: head.status, code: code, operation: request.operation), server: server,
            operation: request.operation, bucket: request.bucket, key: request.key, status: head.status, code: code,
            message: message, requestID: requestID, retryAfter: Self.retryAfter(head, time))
        serverDate = head["date"].flatMap { Timestamp(httpDate: $0) }
        serverRegion = region
        self.wantsTLS = wantsTLS
    }

    /// What servers written in Go, nginx and Apache answer to plain HTTP on a port for TLS.
    private static func wantsTLS(_ body: ByteBlock) -> Bool {
        let text = String(decoding: body.bytes.prefix(2048), as: UTF8.self)
        return ["to an HTTPS server", "to HTTPS port", "SSL-enabled server port"].contains { text.contains($0) }
    }

    /// In seconds, rounded up, from either form of RFC 9110: a number, or a date by the server's clock.
    private static func retryAfter(_ head: HTTPHead, _ time: any Time) -> Int? {
        guard let text = head["retry-after"] else { return nil }
        if let seconds = Int(text) { return max(0, seconds) }
        guard let date = Timestamp(httpDate: text) else { return nil }
        let now = head["date"].flatMap { Timestamp(httpDate: $0) } ?? time.wall()
        return Int(max(0, date.milliseconds - now.milliseconds + 999) / 1000)
    }

    init(_ error: TransferError, for request: S3Request, server: String) {
        var kind = Kind.interrupted
        var message = ""
        switch error {
        case .curl(let code, let text):
            // CURLE_SSL_CONNECT_ERROR.
            kind = code == 35 && Self.isEndOfHandshake(text) ? .unreachable : Self.kind(curlCode: code)
            message = text
        case .timedOut(let stage):
            kind = stage == .connect ? .unreachable : .timedOut
            message =
                stage == .connect
                ? "no connection within the time allowed"
                : stage == .firstByte ? "no answer within the time allowed" : "no bytes moved within the time allowed"
        case .cancelled:
            kind = .cancelled
            message = "cancelled"
        case .tooLarge(let limit):
            kind = .malformedAnswer
            message = "the answer is longer than the \(limit) bytes expected"
        case .refusedBySink:
            kind = .malformedAnswer
        }
        self.init(
            kind: kind, server: server, operation: request.operation, bucket: request.bucket, key: request.key,
            status: 0, code: "", message: message)
    }

    /// From an error document that came in the place of a listing, with status 200.
    init(listing document: XMLError.ErrorDocument, for request: S3Request, server: String) {
        self.init(
            kind: Self.kind(status: 200, code: document.code, operation: request.operation), server: server,
            operation: request.operation, bucket: request.bucket, key: nil, status: 200, code: document.code,
            message: document.message, requestID: document.requestID)
        serverRegion = document.region
    }

    /// An answer with a success status that cannot be believed.
    init(malformed message: String, for request: S3Request, server: String, head: HTTPHead? = nil) {
        self.init(
            kind: .malformedAnswer, server: server, operation: request.operation, bucket: request.bucket,
            key: request.key, status: head?.status ?? 0, code: "", message: message,
            requestID: head?["x-amz-request-id"])
    }

    private static func kind(status: Int, code: String, operation: S3Operation) -> Kind {
        if let known = kindsByCode[code] { return known }
        switch status {
        case 404:
            switch operation {
            case .headObject, .getObject, .getObjectTagging, .getObjectAttributes: return .noSuchKey
            case .headBucket, .listObjects, .listObjectsV2: return .noSuchBucket
            default: return .other
            }
        case 401, 403, 407: return .refused
        case 408: return .interrupted
        case 412: return .preconditionFailed
        case 429: return .slowDown
        case 503: return .slowDown
        case 501: return .notImplemented
        case 507: return .full
        case 500...: return .serverFailure
        case 200..<300: return .serverFailure
        default: return .other
        }
    }

    /// Of one key in the answer to DeleteObjects, which has codes and no statuses.
    static func kind(ofKeyWith code: String) -> Kind {
        code == "AccessDenied" ? .refused : kindsByCode[code] ?? .other
    }

    /// Source: the S3 API reference, "Error responses", and MinIO's codes (`XMinio…`) as its servers send them.
    private static let kindsByCode: [String: Kind] = [
        "NoSuchKey": .noSuchKey, "NoSuchVersion": .noSuchKey, "NoSuchBucket": .noSuchBucket,
        "NoSuchUpload": .noSuchUpload, "PreconditionFailed": .preconditionFailed, "BadDigest": .digestMismatch,
        "XAmzContentSHA256Mismatch": .digestMismatch, "IncompleteBody": .interrupted, "SlowDown": .slowDown,
        "SlowDownRead": .slowDown, "SlowDownWrite": .slowDown, "TooManyRequests": .slowDown,
        "RequestLimitExceeded": .slowDown, "ServiceUnavailable": .slowDown, "XMinioServerNotInitialized": .slowDown,
        "RequestTimeout": .interrupted, "InternalError": .serverFailure, "OperationAborted": .serverFailure,
        "NotImplemented": .notImplemented, "XMinioStorageFull": .full, "QuotaExceeded": .full,
        "XMinioAdminBucketQuotaExceeded": .full, "InsufficientStorage": .full, "EntityTooLarge": .unacceptable,
        "KeyTooLongError": .unacceptable, "InvalidObjectState": .unacceptable, "InvalidStorageClass": .unacceptable,
        "ObjectLocked": .unacceptable, "MethodNotAllowed": .unacceptable, "InvalidObjectName": .unacceptable,
        "XMinioInvalidObjectName": .unacceptable, "XMinioObjectExistsAsDirectory": .unacceptable,
        "XMinioParentIsObject": .unacceptable, "InvalidURI": .unacceptable, "MetadataTooLarge": .unacceptable,
        "InvalidTag": .unacceptable, "ExpiredToken": .refused, "InvalidToken": .refused,
    ]

    /// libcurl's codes (curl/curl.h) that mean something to a caller; all others are a broken exchange.
    private static func kind(curlCode: UInt32) -> Kind {
        switch curlCode {
        case 3, 5, 6, 7, 97: .unreachable
        case 35, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91, 98: .untrusted
        default: .interrupted
        }
    }

    private static func phrase(for status: Int) -> String {
        switch status {
        case 301, 302, 307, 308: "the server redirects elsewhere"
        case 400: "bad request"
        case 401: "not authorised"
        case 403: "forbidden"
        case 404: "not found"
        case 405: "method not allowed"
        case 408: "request time-out"
        case 409: "conflict"
        case 411: "length required"
        case 412: "precondition failed"
        case 413: "too large"
        case 416: "range not satisfiable"
        case 429: "too many requests"
        case 500: "internal server error"
        case 501: "not implemented"
        case 502: "bad gateway"
        case 503: "service unavailable"
        case 504: "gateway time-out"
        case 507: "insufficient storage"
        default: "unexpected answer"
        }
    }
}
