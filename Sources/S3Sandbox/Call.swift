import ObjectModel
import S3

/// One request with everything that its answer depends on.
struct Call {
    let head: RequestHead
    let operation: Operation
    let bucket: String
    /// As the client named it.
    let key: ObjectKey
    let plan: FaultPlan
    let behaviour: Behaviour
    /// The server's clock, its faults included.
    let now: Timestamp
    let requestID: String
    var payload = Payload()

    /// What an error document calls the resource.
    var resource: String {
        bucket.isEmpty ? "/" : key.bytes.isEmpty ? "/\(bucket)" : "/\(bucket)/\(key)"
    }

    /// The ETag that is claimed for `etag`, without quotes.
    func shown(_ etag: String) -> String { plan.etag ?? etag }

    /// With quotes, as documents have it; empty for none.
    func quoted(_ etag: String) -> String {
        let shown = shown(etag)
        return shown.isEmpty ? "" : "\"\(shown)\""
    }

    /// An event that this call causes, or nil where a fault swallows it.
    func event(_ name: String) -> Event? {
        plan.dropsEvent ? nil : Event(name, userAgent: head.header("user-agent") ?? "")
    }

    /// The body as a document.
    func document() throws -> XMLDocument {
        try XMLDocument(parsing: payload.body.allBytes())
    }
}
