import struct Synchronization.Atomic

/// How many requests of each class were sent, retries included. Safe from every thread.
public final class RequestCounters: Sendable {
    private let relayed = Atomic<Int64>(0)
    private let counts = Mutex<[Int]>(Array(repeating: 0, count: RequestVerb.allCases.count))

    public init() {}

    /// Bytes that relayed uploads have sent so far.
    public var relayedBytes: Int64 { relayed.load(ordering: .relaxed) }

    public func countRelayed(_ bytes: Int) {
        relayed.add(Int64(bytes), ordering: .relaxed)
    }

    public func count(_ verb: RequestVerb) {
        let index = Self.index(verb)
        counts.withLock { $0[index] += 1 }
    }

    /// The classes with at least one request, in the order of `RequestVerb`.
    public var snapshot: [(verb: RequestVerb, count: Int)] {
        let counts = counts.withLock { $0 }
        return RequestVerb.allCases.map { ($0, counts[Self.index($0)]) }.filter { $0.1 > 0 }
    }

    private static func index(_ verb: RequestVerb) -> Int {
        switch verb {
        case .list: 0
        case .head: 1
        case .get: 2
        case .put: 3
        case .copy: 4
        case .delete: 5
        case .post: 6
        case .tags: 7
        case .listen: 8
        }
    }
}
