public import ObjectModel
public import Runtime

/// Why an S3 operation failed: what a person needs in order to act, in one sentence. Holds no secret.
public struct S3Error: Error, Sendable, Hashable {
    /// What a caller decides by.
    public enum Kind: String, Sendable, Hashable {
        /// No connection could be made: name unknown, port closed, network gone.
        case unreachable
        /// The server's certificate (or ours, to it) was not accepted.
        case untrusted
        case timedOut
        /// The connection broke in the middle of an exchange.
        case interrupted
        /// The server knows us or not, but refuses: 401, 403 and their codes.
        case refused
        case noSuchKey
        case noSuchBucket
        case noSuchUpload
        /// `If-Match` and its kind: the object is not the one that was meant.
        case preconditionFailed
        /// The bytes that arrived are not those that `Content-MD5` promised.
        case digestMismatch
        /// 503 `SlowDown`, 429: too many requests.
        case slowDown
        case serverFailure
        /// This one object can't be read or held: archived, encrypted by the customer's key, retained, a key or a size
        /// that this server does not take.
        case unacceptable
        case notImplemented
        /// The target has no room.
        case full
        /// An answer that is not S3, or not whole.
        case malformedAnswer
        case cancelled
        case other
    }

    public var kind: Kind
    /// The server's URL without credentials.
    public var server: String
    public var operation: S3Operation
    public var bucket: String?
    public var key: ObjectKey?
    /// The HTTP status, 0 if none came.
    public var status: Int
    /// The S3 code, for example `NoSuchKey`; empty if none came.
    public var code: String
    /// The server's or libcurl's words.
    public var message: String
    public var requestID: String?
    /// From `Retry-After`, in seconds.
    public var retryAfter: Int?
    /// How often it was tried, 1 or more.
    public var attempts = 1
    /// The server's `Date` and the region it names, from which signing may be corrected.
    var serverDate: Timestamp?
    var serverRegion: String?
    /// Whether the request went unsigned.
    var isAnonymous = false
    /// Whether the server said to plain HTTP that it wants HTTPS there.
    var wantsTLS = false

    /// Whether the same request may succeed later without anybody's doing.
    public var isTransient: Bool {
        switch kind {
        case .unreachable, .timedOut, .interrupted, .slowDown, .serverFailure, .malformedAnswer, .digestMismatch: true
        default: false
        }
    }
}

extension S3Error {
    /// Whether it says nothing of what was asked for: the server is away or refuses us, or this task is cancelled.
    var isAboutServer: Bool {
        switch kind {
        case .unreachable, .untrusted, .refused, .cancelled: true
        default: false
        }
    }
}

extension S3Error: CustomStringConvertible {
    public var description: String {
        var place = server
        if let bucket { place += "/\(bucket)" }
        if let key { place += "/\(key)" }
        var reason = message.isEmpty ? kind.rawValue : message
        if !code.isEmpty { reason = message.isEmpty ? code : "\(code): \(message)" }
        if status > 0 { reason = "\(status) \(reason)" }
        while reason.hasSuffix(".") { reason.removeLast() }
        var text = "\(operation.rawValue) of \(place) failed: \(reason)"
        if let requestID, !requestID.isEmpty { text += " (request \(requestID))" }
        if attempts > 1 { text += ", \(attempts) attempts" }
        return text + "."
    }
}

extension S3Error {
    /// What a person may do about a failure. Whoever prints it knows the words.
    public enum Advice: String, Sendable, Hashable, CaseIterable {
        case checkAddress
        /// The connection was closed while TLS began.
        case checkScheme
        case writeHTTP
        case writeHTTPS
        /// The server may speak TLS there.
        case tryHTTPS
        case checkAuthorityFile
        case checkClientCertificate
        case giveClientCertificate
        case giveAuthority
        case checkFirewall
        case giveKeys
        case checkSecretKey
        case checkAccessKey
        case setClock
        case renewToken
        case checkPolicy
        case checkBucketName
        case freeSpace
    }

    /// Whether the server knows no such keys, or takes them no more: it refuses whatever we ask.
    public var refusesEverything: Bool {
        kind == .refused
            && ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"].contains(code)
    }

    /// What to try, where there is something to try.
    public var advice: Advice? {
        switch kind {
        case .unreachable: Self.isEndOfHandshake(message) ? .checkScheme : .checkAddress
        case .untrusted: trustAdvice
        case .interrupted: interruptionAdvice
        case .other where wantsTLS: .writeHTTPS
        case .timedOut: .checkFirewall
        case .refused: refusalAdvice
        case .noSuchBucket: .checkBucketName
        case .full: .freeSpace
        default: nil
        }
    }

    private var trustAdvice: Advice {
        if message.contains("wrong version number") || message.contains("packet length") { return .writeHTTP }
        if message.contains("verify locations") { return .checkAuthorityFile }
        if message.contains("client certificate") || message.contains("private key") { return .checkClientCertificate }
        return message.contains(" alert ") ? .giveClientCertificate : .giveAuthority
    }

    /// What a server that wants TLS does with plain HTTP: it hangs up, or answers in bytes that are no HTTP.
    private var interruptionAdvice: Advice? {
        server.hasPrefix("http://") && (message.contains("Empty reply") || message.contains("HTTP/0.9"))
            ? .tryHTTPS : nil
    }

    /// Whether libcurl says that the other side ended the connection before TLS was set up: it speaks no TLS, or it is on
    /// its way up or down.
    static func isEndOfHandshake(_ message: String) -> Bool {
        ["SSL_ERROR_SYSCALL", "SSL_ERROR_ZERO_RETURN", "unexpected eof", "reset by peer"].contains {
            message.contains($0)
        }
    }

    private var refusalAdvice: Advice {
        if isAnonymous { return .giveKeys }
        return switch code {
        case "SignatureDoesNotMatch": .checkSecretKey
        case "InvalidAccessKeyId": .checkAccessKey
        case "RequestTimeTooSkewed": .setClock
        case "ExpiredToken", "InvalidToken": .renewToken
        default: .checkPolicy
        }
    }
}

/// The operations of the S3 API that this client speaks, by their names there.
public enum S3Operation: String, Sendable, Hashable, CaseIterable {
    case listBuckets = "ListBuckets"
    case createBucket = "CreateBucket"
    case headBucket = "HeadBucket"
    case getBucketLocation = "GetBucketLocation"
    case listObjects = "ListObjects"
    case listObjectsV2 = "ListObjectsV2"
    case headObject = "HeadObject"
    case getObject = "GetObject"
    case putObject = "PutObject"
    case copyObject = "CopyObject"
    case deleteObject = "DeleteObject"
    case deleteObjects = "DeleteObjects"
    case createMultipartUpload = "CreateMultipartUpload"
    case uploadPart = "UploadPart"
    case uploadPartCopy = "UploadPartCopy"
    case completeMultipartUpload = "CompleteMultipartUpload"
    case abortMultipartUpload = "AbortMultipartUpload"
    case listParts = "ListParts"
    case listMultipartUploads = "ListMultipartUploads"
    case getObjectTagging = "GetObjectTagging"
    case putObjectTagging = "PutObjectTagging"
    case deleteObjectTagging = "DeleteObjectTagging"
    case getObjectAttributes = "GetObjectAttributes"
    /// MinIO's extension.
    case listenBucketNotification = "ListenBucketNotification"

    /// The class under which requests are counted and reported.
    public var verb: RequestVerb {
        switch self {
        case .listBuckets, .listObjects, .listObjectsV2, .listParts, .listMultipartUploads: .list
        case .headBucket, .headObject: .head
        case .getBucketLocation, .getObject, .getObjectAttributes: .get
        case .createBucket, .putObject, .uploadPart: .put
        case .copyObject, .uploadPartCopy: .copy
        case .deleteObject, .deleteObjects, .abortMultipartUpload: .delete
        case .getObjectTagging, .putObjectTagging, .deleteObjectTagging: .tags
        case .createMultipartUpload, .completeMultipartUpload: .post
        case .listenBucketNotification: .listen
        }
    }

    /// Whether sending it twice does no harm, so that a lost answer may be followed by the same request.
    /// CompleteMultipartUpload is not: its second answer is `NoSuchUpload` when the first one was lost.
    var isRepeatable: Bool {
        self != .completeMultipartUpload && self != .createMultipartUpload
    }

    /// Whether it moves or changes objects (as opposed to reading): such requests have a concurrency limit of their own.
    var isWrite: Bool {
        switch verb {
        case .put, .copy, .delete, .post: true
        case .tags: self != .getObjectTagging
        case .list, .head, .get, .listen: false
        }
    }
}
