import ObjectModel

@testable import S3

/// Any bytes as a stream of events: nothing may trap, and how the stream is cut may change nothing. The first byte says
/// how large the pieces are.
func fuzzEvents(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    for bucket in [nil, "apks"] {
        let filter = EventFilter(bucket: bucket, prefix: ObjectKey(bytes: []))
        // A limit that is in reach.
        let limit = 1024
        let whole = read(stream, size: max(1, stream.count), EventParser(filter: filter, lineLimit: limit))
        let cut = read(stream, size: Int(first) + 1, EventParser(filter: filter, lineLimit: limit))
        // A line that is too long is known as such before its end where it comes in pieces.
        let sameEnd = whole.isWhole == cut.isWhole
        precondition(sameEnd && whole.events == cut.events, "Events depend on how the stream is cut.")
    }
}

private func read(_ stream: [UInt8], size: Int, _ parser: EventParser) -> (events: [String], isWhole: Bool) {
    var parser = parser
    var events: [BucketEvent] = []
    var isWhole = true
    var rest = stream[...]
    while !rest.isEmpty, isWhole {
        do {
            try parser.feed(Array(rest.prefix(size)), to: &events)
        } catch {
            isWhole = false
        }
        rest = rest.dropFirst(size)
    }
    return (events.map { String(describing: $0) }, isWhole)
}
