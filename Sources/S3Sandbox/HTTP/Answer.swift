import ObjectModel
import S3

/// What a client shall get, before faults.
struct Answer {
    enum Body {
        case none
        case bytes([UInt8])
        /// A document in memory that is used again afterwards.
        case page(PageLease)
        /// Part of an object; what a HEAD announces and does not send, too.
        case object(any ObjectBody, Range<Int64>)
        /// Events for as long as the client stays. `ping` in seconds.
        case listening(Subscription, ping: Int?)
    }

    var status: Int
    var headers: [HeaderField]
    var body: Body
    /// The S3 code of an error.
    var code: String?
    /// What a listing gives.
    var listed = Listed()

    struct Listed {
        var keys = 0
        var prefixes = 0
    }

    init(_ status: Int = 200, headers: [HeaderField] = [], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A document.
    static func xml(_ text: XMLText, status: Int = 200) -> Answer {
        Answer(status, headers: [HeaderField("Content-Type", "application/xml")], body: .bytes(text.bytes))
    }

    /// An error. `hasBody` is false for servers that send none; a HEAD gets none in any case.
    static func error(_ error: ErrorAnswer, resource: String, requestID: String, hasBody: Bool = true) -> Answer {
        var answer = Answer(error.status, headers: error.headers.map { HeaderField($0.name, $0.value) })
        answer.code = error.code
        if hasBody, error.status != 304 {
            answer.set("Content-Type", "application/xml")
            answer.body = .bytes(error.document(resource: resource, requestID: requestID))
        }
        return answer
    }

    var hasNoBody: Bool {
        if case .none = body { true } else { false }
    }

    mutating func set(_ name: String, _ value: String) {
        headers.append(HeaderField(name, value))
    }
}
