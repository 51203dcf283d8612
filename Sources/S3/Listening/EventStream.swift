/// One answer to a request for events: decides whether it is a stream of events at all, and hands them on.
///
/// Confined to the reactor of its transfer; its methods are called inside libcurl's callbacks.
final class EventStream {
    enum Failure {
        /// The server answered, with success, something else.
        case noStream(String)
        case unreadable(EventStreamError)
    }

    private var parser: EventParser
    private let onLive: () -> Void
    private let onEvents: ([BucketEvent]) -> Void
    private(set) var isLive = false
    private(set) var failure: Failure?

    init(filter: EventFilter, onLive: @escaping () -> Void, onEvents: @escaping ([BucketEvent]) -> Void) {
        parser = EventParser(filter: filter)
        self.onLive = onLive
        self.onEvents = onEvents
    }

    /// The headers of the answer. A stream has no length, and is no XML: that is a listing, from a server that does not
    /// know the parameters.
    func begin(_ head: HTTPHead) {
        guard head.isSuccess else { return }
        let type = (head["content-type"] ?? "").lowercased()
        if type.contains("xml") || type.contains("html") {
            failure = .noStream("the answer is \(type), not a stream of events")
        } else if head.status != 200 || head["content-length"] != nil {
            failure = .noStream("the answer has an end: it is not a stream of events")
        }
    }

    /// The next bytes; false ends the transfer.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard failure == nil else { return false }
        if !isLive, let first = unsafe bytes.first(where: { !JSONScanner.isSpace($0) }), first == UInt8(ascii: "<") {
            failure = .noStream("the answer is a document, not a stream of events")
            return false
        }
        var events: [BucketEvent] = []
        do throws(EventStreamError) {
            try unsafe parser.feed(bytes, to: &events)
        } catch {
            failure = .unreadable(error)
        }
        if !isLive, failure == nil {
            isLive = true
            onLive()
        }
        if isLive, !events.isEmpty { onEvents(events) }
        return failure == nil
    }
}
