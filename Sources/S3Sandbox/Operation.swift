import ObjectModel

/// The operations of S3 under their names in the API reference, which rules and logs use.
public enum Operation: String, Sendable, CaseIterable, Codable {
    case listBuckets = "ListBuckets"
    case createBucket = "CreateBucket"
    case headBucket = "HeadBucket"
    case deleteBucket = "DeleteBucket"
    case getBucketLocation = "GetBucketLocation"
    case getBucketVersioning = "GetBucketVersioning"
    case putBucketVersioning = "PutBucketVersioning"
    case listObjects = "ListObjects"
    case listObjectsV2 = "ListObjectsV2"
    case listObjectVersions = "ListObjectVersions"
    case listMultipartUploads = "ListMultipartUploads"
    case listenBucketNotification = "ListenBucketNotification"
    case deleteObjects = "DeleteObjects"
    case headObject = "HeadObject"
    case getObject = "GetObject"
    case putObject = "PutObject"
    case copyObject = "CopyObject"
    case deleteObject = "DeleteObject"
    case getObjectAttributes = "GetObjectAttributes"
    case getObjectTagging = "GetObjectTagging"
    case putObjectTagging = "PutObjectTagging"
    case deleteObjectTagging = "DeleteObjectTagging"
    case createMultipartUpload = "CreateMultipartUpload"
    case uploadPart = "UploadPart"
    case uploadPartCopy = "UploadPartCopy"
    case completeMultipartUpload = "CompleteMultipartUpload"
    case abortMultipartUpload = "AbortMultipartUpload"
    case listParts = "ListParts"
    /// The sandbox's own, below `/.sandbox/`.
    case control = "Control"
    case unknown = "Unknown"

    /// Sub-resources that this server knows to exist and does not have.
    private static let foreign = [
        "acl", "accelerate", "analytics", "cors", "encryption", "inventory", "legal-hold", "lifecycle", "logging",
        "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
        "replication", "requestPayment", "restore", "retention", "select", "torrent", "website",
    ]

    init(_ head: RequestHead, bucket: String, key: ObjectKey) {
        if bucket == ".sandbox" {
            self = .control
        } else if Self.foreign.contains(where: head.hasQuery) || bucket.isEmpty && head.hasQuery("tagging") {
            self = .unknown
        } else if bucket.isEmpty {
            self = head.method != "GET" ? .unknown : head.hasQuery("events") ? .listenBucketNotification : .listBuckets
        } else {
            self = key.bytes.isEmpty ? Self.onBucket(head) : Self.onObject(head)
        }
    }

    private static func onBucket(_ head: RequestHead) -> Operation {
        switch head.method {
        case "HEAD": return .headBucket
        case "PUT": return head.hasQuery("versioning") ? .putBucketVersioning : .createBucket
        case "DELETE": return .deleteBucket
        case "POST": return head.hasQuery("delete") ? .deleteObjects : .unknown
        case "GET":
            if head.hasQuery("location") { return .getBucketLocation }
            if head.hasQuery("versioning") { return .getBucketVersioning }
            if head.hasQuery("uploads") { return .listMultipartUploads }
            if head.hasQuery("versions") { return .listObjectVersions }
            if head.hasQuery("events") { return .listenBucketNotification }
            if head.hasQuery("tagging") { return .unknown }
            return head.query("list-type") == "2" ? .listObjectsV2 : .listObjects
        default: return .unknown
        }
    }

    private static func onObject(_ head: RequestHead) -> Operation {
        let isCopy = head.header("x-amz-copy-source") != nil
        switch head.method {
        case "HEAD": return .headObject
        case "GET":
            if head.hasQuery("uploadId") { return .listParts }
            if head.hasQuery("attributes") { return .getObjectAttributes }
            return head.hasQuery("tagging") ? .getObjectTagging : .getObject
        case "PUT":
            if head.hasQuery("tagging") { return .putObjectTagging }
            if head.hasQuery("uploadId") || head.hasQuery("partNumber") {
                return isCopy ? .uploadPartCopy : .uploadPart
            }
            return isCopy ? .copyObject : .putObject
        case "POST":
            if head.hasQuery("uploads") { return .createMultipartUpload }
            return head.hasQuery("uploadId") ? .completeMultipartUpload : .unknown
        case "DELETE":
            if head.hasQuery("uploadId") { return .abortMultipartUpload }
            return head.hasQuery("tagging") ? .deleteObjectTagging : .deleteObject
        default: return .unknown
        }
    }

    /// Whether its body is an object's bytes, which go to the table, and not a document.
    var takesBytes: Bool { self == .putObject || self == .uploadPart }

    /// Whether it makes or changes an object or a bucket.
    var isWrite: Bool {
        switch self {
        case .createBucket, .deleteBucket, .putBucketVersioning, .deleteObjects, .putObject, .copyObject, .deleteObject,
            .putObjectTagging, .deleteObjectTagging, .createMultipartUpload, .uploadPart, .uploadPartCopy,
            .completeMultipartUpload, .abortMultipartUpload:
            true
        default: false
        }
    }

    /// Whether it needs room for an object's bytes.
    var needsRoom: Bool {
        [.putObject, .copyObject, .createMultipartUpload, .uploadPart, .uploadPartCopy, .completeMultipartUpload]
            .contains(self)
    }
}
