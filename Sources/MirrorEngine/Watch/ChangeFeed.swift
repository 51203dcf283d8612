import Runtime
import Stores

/// Keeps a stream of changes up: tries it again when it ends, and says when it can't be had.
struct ChangeFeed: Sendable {
    enum Signal: Sendable {
        /// From now on no change is missed.
        case live
        /// It was live and ended, or can't be had at present.
        case lost(String)
        /// It can't be had from this server, or not by this user: changes must be found in another way meanwhile.
        case unavailable(String)
        case events([KeyChange])
    }

    let stream: any ChangeStream
    private let retry: Duration
    private let surroundings: Surroundings
    let handle: @Sendable (Signal) -> Void
    /// Between tries while the stream is lost.
    private let backoff = Backoff(base: .milliseconds(100), cap: .seconds(1))
    /// Tries without a first byte after which a stream counts as unavailable.
    private static let patience = 3
    /// Tries that a server which can be reached answers with anything but a stream, after which it counts as unavailable.
    private static let stubbornness = 8

    /// - Parameter retry: see `WatchOptions.listenRetry`.
    init(
        _ stream: any ChangeStream, retry: Duration, _ surroundings: Surroundings,
        handle: @escaping @Sendable (Signal) -> Void
    ) {
        self.stream = stream
        self.surroundings = surroundings
        self.retry = retry
        self.handle = handle
    }

    /// Runs until the task is cancelled; on a reactor.
    func run() async {
        var attempt = 0
        var silent = 0
        var refused = 0
        while !Task.isCancelled {
            let isLive = Mutex(false)
            let error = await listen(isLive)
            if Task.isCancelled { return }
            if isLive.withLock({ $0 }) {
                attempt = 0
                silent = 0
                refused = 0
            } else if error.kind == .timedOut || error.kind == .interrupted {
                silent += 1
            } else if error.kind != .unreachable {
                refused += 1
            }
            switch Self.answer(to: error, silent: silent, refused: refused, retry: retry) {
            case .lost:
                handle(.lost(error.description))
                await surroundings.time.sleep(for: surroundings.chance.delay(backoff, attempt: attempt))
                attempt += 1
            case .unavailable(let pause):
                handle(.unavailable(error.description))
                await surroundings.time.sleep(for: pause)
            }
        }
    }

    private func listen(_ isLive: Mutex<Bool>) async -> StoreError {
        do throws(StoreError) {
            try await stream.listen {
                isLive.withLock { $0 = true }
                handle(.live)
            } onChanges: { events in
                handle(.events(events))
            }
        } catch {
            return error
        }
    }

    enum Answer: Hashable {
        case lost
        /// Until it is tried again.
        case unavailable(Duration)
    }

    /// What the end of a stream means. Pure.
    ///
    /// | error | answer |
    /// |---|---|
    /// | this server knows no such stream | unavailable, asked again every 5 minutes: it may be upgraded |
    /// | refused, without such a bucket | unavailable, asked again every 10 seconds: policies change |
    /// | no first byte, again and again | unavailable, asked again every 10 seconds |
    /// | nothing but errors, again and again | unavailable, asked again every second: the rest of the server may work |
    /// | anything else | lost, asked again at once, then with pauses up to a second |
    static func answer(to error: StoreError, silent: Int, refused: Int, retry: Duration) -> Answer {
        switch error.kind {
        case .notImplemented: .unavailable(retry * 30)
        case .refused, .noSuchBucket, .unacceptable, .other: .unavailable(retry)
        default:
            silent >= patience
                ? .unavailable(retry) : refused >= stubbornness ? .unavailable(min(.seconds(1), retry)) : .lost
        }
    }
}
