import ObjectModel
import S3

extension Service {
    /// ListenBucketNotification, MinIO's extension: of one bucket, or of all where the request names none.
    func listen(_ call: Call) throws -> Answer {
        let behaviour = call.behaviour
        if !call.bucket.isEmpty { try requireBucket(call) }
        switch behaviour.listening {
        case .served: break
        case .refused: throw ErrorAnswer.notImplemented("events")
        case .ignored: return call.bucket.isEmpty ? listBuckets(call) : try listObjects(call)
        }
        let prefix = call.head.query("prefix") ?? ""
        let suffix = call.head.query("suffix") ?? ""
        for text in [prefix, suffix] where text.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) {
            throw ErrorAnswer.invalidArgument("A filter may not hold the segments . and ..")
        }
        let events = call.head.items.filter { $0.name.elementsEqual("events".utf8) }
            .map { String(decoding: $0.value, as: UTF8.self) }
        guard events.allSatisfy({ $0.hasPrefix("s3:") }) else {
            throw ErrorAnswer.invalidArgument("A specified event is not supported for notifications.")
        }
        if behaviour.pings == .refused, call.head.query("ping") != nil {
            throw ErrorAnswer.invalidArgument("A parameter is not supported for notifications.")
        }
        let ping = behaviour.pings == .served ? try call.head.number("ping", in: 1...3600) : nil
        let filter = Subscription.Filter(
            bucket: call.bucket.isEmpty ? nil : call.bucket, events: events,
            key: WildcardPattern("\(prefix)*\(suffix)"))
        return Answer(
            headers: [HeaderField("Content-Type", "text/event-stream"), HeaderField("Cache-Control", "no-cache")],
            body: .listening(store.notifications.subscribe(filter), ping: ping))
    }
}
