import ObjectModel
import Reactor

/// One S3 operation on its way to be signed: what to ask for, not how it is sent.
struct S3Request {
    var operation: S3Operation
    var method: HTTPRequest.Method
    var bucket: String?
    var key: ObjectKey?
    var query: [QueryItem] = []
    /// Signed when they are `Content-MD5` or `x-amz-*`, sent as they are otherwise.
    var headers: [HeaderField] = []
    var body = HTTPRequest.Body.none
    var payload = PayloadHash.empty
    var sink = HTTPRequest.Sink.block(limit: 4 << 20)
    var patience = HTTPRequest.Patience.ordinary
    /// Opens a connection for it, whatever others are there.
    var needsFreshConnection = false
    /// All tries at most, where fewer than the client's.
    var attempts = Int.max
    /// For what not every server knows: a 5xx may be its way to say so, and is asked for only once more.
    var isProbe = false
    /// The keys of a request that names several.
    var keys: [ObjectKey] = []
    /// Called inside libcurl's callbacks with the headers of the answer, before the sink gets its first byte.
    var onHead: ((HTTPHead) -> Void)?
    /// Called before each try, for a sink that has to begin anew.
    var onStart: (() -> Void)?

    init(
        _ operation: S3Operation, _ method: HTTPRequest.Method, bucket: String? = nil, key: ObjectKey? = nil,
        query: [QueryItem] = [], headers: [HeaderField] = []
    ) {
        self.operation = operation
        self.method = method
        self.bucket = bucket
        self.key = key
        self.query = query
        self.headers = headers
    }

    /// The keys whose objects it changes.
    var changedKeys: [ObjectKey] {
        switch operation {
        case .putObject, .copyObject, .completeMultipartUpload, .deleteObject, .putObjectTagging, .deleteObjectTagging:
            key.map { [$0] } ?? []
        case .deleteObjects: keys
        default: []
        }
    }

    /// Whether its answer costs the server little, so that its first byte comes soon if it comes at all: not where
    /// bytes are copied or assembled before it, and not where bodies pass through.
    var isQuick: Bool {
        if case .ring = body { return false }
        if case .ring = sink { return false }
        return switch operation {
        case .copyObject, .uploadPartCopy, .createMultipartUpload, .completeMultipartUpload, .deleteObjects,
            .listenBucketNotification:
            false
        default: true
        }
    }

    /// A small body that is hashed into the signature.
    mutating func setBody(_ bytes: [UInt8]) {
        body = .block(ByteBlock(bytes))
        payload = .of(bytes)
    }
}
