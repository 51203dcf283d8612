import CLinux
import Glibc
import ObjectModel
import Runtime

/// What happened to an object, as listeners learn it.
struct Event: Sendable {
    /// `ObjectCreated:Put` and so on, without `s3:`.
    var name: String
    var host = ""
    var userAgent = ""

    init(_ name: String, host: String = "", userAgent: String = "") {
        self.name = name
        self.host = host
        self.userAgent = userAgent
    }
}

/// Hands events to the listeners of ListenBucketNotification: at most once each, nothing kept for later.
final class Notifications: Sendable {
    private let settings: Settings
    private let subscriptions = Mutex<[Subscription]>([])

    init(settings: Settings) {
        self.settings = settings
    }

    func subscribe(_ filter: Subscription.Filter) -> Subscription {
        let subscription = Subscription(filter)
        subscriptions.withLock { $0.append(subscription) }
        return subscription
    }

    func end(_ subscription: Subscription) {
        subscriptions.withLock { $0.removeAll { $0 === subscription } }
    }

    var count: Int { subscriptions.withLock { $0.count } }

    func send(_ event: Event, _ bucket: String, _ object: StoredObject) {
        let behaviour = settings.behaviour
        guard !behaviour.dropsEvents else { return }
        let listeners = subscriptions.withLock { all in
            all.filter { $0.filter.admits(event.name, bucket, object.key) }
        }
        guard !listeners.isEmpty else { return }
        var document = JSONText()
        document.set("Records", [record(event, bucket, object, encodesKey: behaviour.encodesEventKeys)])
        let line = Array((document.object + "\n").utf8)
        for listener in listeners { listener.deliver(line) }
    }

    private func record(_ event: Event, _ bucket: String, _ object: StoredObject, encodesKey: Bool) -> JSONText {
        var owner = JSONText()
        owner.set("principalId", "sandbox")
        var place = JSONText()
        place.set("name", bucket)
        place.set("ownerIdentity", owner)
        place.set("arn", "arn:aws:s3:::\(bucket)")
        var thing = JSONText()
        let key = encodesKey ? PercentEncoding.encodeForListing(object.key.bytes) : object.key.bytes
        thing.set("key", String(decoding: key, as: UTF8.self))
        if !event.name.hasPrefix("ObjectRemoved") {
            // MinIO leaves out what is zero or empty.
            if object.size > 0 { thing.set("size", object.size) }
            if !object.etag.isEmpty { thing.set("eTag", object.etag) }
            if let type = object.header("content-type") { thing.set("contentType", type) }
            var metadata = JSONText()
            for header in object.headers where header.name.hasPrefix("x-amz-meta-") {
                metadata.set(header.name, header.value)
            }
            thing.set("userMetadata", metadata)
        }
        if object.isVersioned { thing.set("versionId", object.versionID) }
        thing.set("sequencer", object.id)
        var s3 = JSONText()
        s3.set("s3SchemaVersion", "1.0")
        s3.set("configurationId", "Config")
        s3.set("bucket", place)
        s3.set("object", thing)
        var source = JSONText()
        source.set("host", event.host)
        source.set("port", "")
        source.set("userAgent", event.userAgent)
        var record = JSONText()
        record.set("eventVersion", "2.0")
        record.set("eventSource", "minio:s3")
        record.set("awsRegion", "")
        record.set("eventTime", settings.now.iso8601)
        record.set("eventName", "s3:\(event.name)")
        record.set("userIdentity", owner)
        record.set("s3", s3)
        record.set("source", source)
        return record
    }
}

/// One listener's connection.
final class Subscription: Sendable {
    struct Filter: Sendable {
        /// Nil for all buckets.
        var bucket: String?
        /// `s3:ObjectCreated:*` and so on.
        var events: [String]
        /// The wildcard `prefix*suffix`, in which `*` and `?` are special, as in MinIO.
        var key: WildcardPattern

        func admits(_ event: String, _ bucket: String, _ key: ObjectKey) -> Bool {
            (self.bucket == nil || self.bucket == bucket) && self.key.matches(key.bytes)
                && events.contains { WildcardPattern($0).matches(Array("s3:\(event)".utf8)) }
        }
    }

    /// Events that may wait; a slower listener loses the rest without being told.
    private static let capacity = 10_000

    let filter: Filter
    /// Readable while something waits.
    let descriptor: Int32
    private let waiting = Mutex<[[UInt8]]>([])

    init(_ filter: Filter) {
        self.filter = filter
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    }

    deinit {
        close(descriptor)
    }

    func deliver(_ line: [UInt8]) {
        let fits = waiting.withLock { waiting in
            guard waiting.count < Self.capacity else { return false }
            waiting.append(line)
            return true
        }
        if fits { _ = eventfd_write(descriptor, 1) }
    }

    /// Everything that waits, in order.
    func take() -> [UInt8] {
        var count: eventfd_t = 0
        unsafe _ = eventfd_read(descriptor, &count)
        return waiting.withLock { waiting in
            defer { waiting.removeAll() }
            return waiting.flatMap(\.self)
        }
    }
}
