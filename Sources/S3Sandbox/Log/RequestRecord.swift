public import ObjectModel
import Runtime

/// What the log says about one request. No secret gets here: signatures and tokens are masked before.
public struct RequestRecord: Sendable {
    /// Counted from 1 in the order of arrival. Records stand in the order in which the answers were complete.
    public var sequence: Int
    /// Of arrival, by the true clock.
    public var time: Timestamp
    public var operation: Operation
    public var method: String
    /// Empty where the request names none; likewise the key.
    public var bucket: String
    public var key: ObjectKey
    /// As it came, encoded, with what is secret masked.
    public var query: String
    /// The headers that say what was asked, by lower-case name: conditions, ranges, digests, copy sources.
    public var headers: [String: String]
    /// 0 where the connection was closed without an answer.
    public var status = 0
    /// The S3 code of an answer that is an error.
    public var code: String?
    /// Keys and common prefixes that a listing gave.
    public var keys: Int { listed.keys }
    public var prefixes: Int { listed.prefixes }
    var listed = Answer.Listed()
    /// As received, framing included.
    public var requestBytes: Int64 = 0
    /// Handed over for sending, headers not counted.
    public var responseBytes: Int64 = 0
    /// The names of the rules that hit, in their order.
    public var faults: [String] = []

    private static let logged = [
        "content-length", "content-md5", "expect", "if-match", "if-modified-since", "if-none-match",
        "if-unmodified-since", "range", "user-agent", "x-amz-content-sha256", "x-amz-copy-source",
        "x-amz-copy-source-if-match", "x-amz-copy-source-range", "x-amz-metadata-directive",
        "x-amz-tagging-directive",
    ]

    init(sequence: Int, head: RequestHead, operation: Operation, bucket: String, key: ObjectKey) {
        self.sequence = sequence
        time = Clock.now()
        self.operation = operation
        method = head.method
        self.bucket = bucket
        self.key = key
        query = head.maskedQuery
        headers = [:]
        for name in Self.logged {
            if let value = head.header(name) { headers[name] = value }
        }
    }

    /// One JSON object without a line break. `keyHex` is there only where the key is not UTF-8.
    public var line: String {
        var json = JSONText()
        json.set("sequence", sequence)
        json.set("time", time.iso8601)
        json.set("operation", operation.rawValue)
        json.set("method", method)
        json.set("bucket", bucket)
        json.set("key", key.description)
        if Array(key.description.utf8) != key.bytes { json.set("keyHex", Hexadecimal.encode(key.bytes)) }
        json.set("query", query)
        json.set("status", status)
        if let code { json.set("code", code) }
        if keys > 0 { json.set("keys", keys) }
        if prefixes > 0 { json.set("prefixes", prefixes) }
        json.set("requestBytes", requestBytes)
        json.set("responseBytes", responseBytes)
        json.set("faults", faults)
        var fields = JSONText()
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { fields.set(name, value) }
        json.set("headers", fields)
        return json.object
    }
}
