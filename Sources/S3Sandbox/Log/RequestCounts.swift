import Runtime

/// What a server was asked and what its listings gave, in sums: what a bench needs to see requests in vain.
public struct RequestCounts: Sendable, Equatable {
    /// Requests by operation, refused and broken ones included.
    public var requests: [Operation: Int] = [:]
    /// Keys, and common prefixes, in all pages of listings.
    public var keys = 0
    public var prefixes = 0
    /// Answers with the code `SlowDown`.
    public var slowDown = 0

    mutating func add(_ record: RequestRecord) {
        requests[record.operation, default: 0] += 1
        keys += record.keys
        prefixes += record.prefixes
        if record.code == "SlowDown" { slowDown += 1 }
    }

    /// One JSON object without a line break: `{"requests":{"ListObjectsV2":12},"keys":12000,"prefixes":0,"slowDown":0}`.
    public var line: String {
        var operations = JSONText()
        for (operation, count) in requests.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            operations.set(operation.rawValue, count)
        }
        var json = JSONText()
        json.set("requests", operations)
        json.set("keys", keys)
        json.set("prefixes", prefixes)
        json.set("slowDown", slowDown)
        return json.object
    }
}
