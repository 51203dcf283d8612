import ObjectModel

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

    /// A small body that is hashed into the signature.
    mutating func setBody(_ bytes: [UInt8]) {
        body = .block(ByteBlock(bytes))
        payload = .of(bytes)
    }
}
