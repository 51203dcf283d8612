import ObjectModel
import Runtime
import S3Sandbox
import TestSupport
import Testing

@testable import S3

/// A task that listens, and what it heard.
final class Listener: Sendable {
    private let heard = Mutex<(liveCount: Int, events: [BucketEvent], end: S3Error?)>((0, [], nil))
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    init(
        _ client: S3Client, bucket: String? = ServerUnderTest.bucket, prefix: ObjectKey = "",
        _ change: (inout ListenOptions) -> Void = { _ in }
    ) {
        var options = ListenOptions()
        // A busy machine is no dead server.
        options.deadAfter = .seconds(60)
        options.firstByteAfter = .seconds(60)
        change(&options)
        let (chosen, heard) = (options, heard)
        let body: @Sendable () async -> Void = {
            do throws(S3Error) {
                try await client.listen(
                    bucket: bucket, prefix: prefix, options: chosen,
                    onLive: { heard.withLock { $0.liveCount += 1 } },
                    onEvents: { events in heard.withLock { $0.events += events } })
            } catch {
                heard.withLock { $0.end = error }
            }
        }
        let listening = Task(executorPreference: ServerUnderTest.reactor, operation: body)
        task.withLock { $0 = listening }
    }

    deinit {
        cancel()
    }

    func cancel() {
        task.withLock { $0?.cancel() }
    }

    var liveCount: Int { heard.withLock { $0.liveCount } }
    var events: [BucketEvent] { heard.withLock { $0.events } }
    var hasEnded: Bool { heard.withLock { $0.end != nil } }

    /// Waits until `count` events came, or the stream ended.
    func events(_ count: Int) async throws -> [BucketEvent] {
        try await Patience.until("\(count) events, of which \(events.count) came") { events.count >= count || hasEnded }
        return events
    }

    /// Waits until the stream is live, or ended.
    func untilLive() async throws {
        try await Patience.until("a live stream") { liveCount > 0 || hasEnded }
    }

    /// Waits until the stream ended, and tells why.
    func end() async throws -> S3Error? {
        try await Patience.until("the end of the stream") { hasEnded }
        return heard.withLock { $0.end }
    }
}

extension ServerUnderTest {
    /// Waits until `count` listeners are subscribed: the server says nothing before it has something to say.
    func untilListened(_ count: Int = 1) async throws {
        try await Patience.until("\(count) listeners") { sandbox.listenerCount == count }
    }
}
