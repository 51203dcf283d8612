import ObjectModel
import Reactor
public import Runtime

/// A client of one S3 server with one user's keys. Every operation is one call; see the extensions.
///
/// Safe from every thread, but operations are called from tasks that run on a `Reactor`: their sockets live there.
/// What is safe to repeat is repeated on transient failures; what was learnt from answers (the region, the clock's
/// offset, the concurrency that the server bears) is kept for later calls.
public final class S3Client: Sendable {
    /// How often and how patiently a request is repeated.
    public struct RetryPolicy: Sendable, Hashable {
        /// All tries of one request, 1 or more.
        public var attempts = 5
        public var backoff = Backoff()
        /// Where no connection can be made, of which at least half is waited: five tries span 3.75 to 7.5 seconds, in which
        /// a server restarts.
        public var absence = Backoff(base: .milliseconds(500))

        public init() {}

        /// The wait before retry number `attempt`, counted from 0.
        func delay(
            after kind: S3Error.Kind, attempt: Int, using random: inout some RandomNumberGenerator
        ) -> Duration {
            kind == .unreachable
                ? absence.longDelay(attempt: attempt, using: &random) : backoff.delay(attempt: attempt, using: &random)
        }
    }

    public struct Options: Sendable {
        /// Where requests are signed for until the server names another region.
        public var region = "us-east-1"
        public var retries = RetryPolicy()
        public var reads = ConcurrencyLimit.Bounds()
        public var writes = ConcurrencyLimit.Bounds()
        public var surroundings = Surroundings.system
        /// Called with one line for each answer, without secrets.
        public var trace: (@Sendable (String) -> Void)?

        public init() {}
    }

    struct Learnt {
        var region: String
        /// The server's clock minus ours, for signing, in milliseconds; set when the server refuses ours.
        var signingOffset: Int64 = 0
        /// The server's clock minus ours as its `Date` headers tell, in milliseconds.
        var clockOffset: Int64?
        var refusesListV2 = false
        /// Listening with `ping` was refused, and without it was not.
        var refusesPing = false
        /// Nil until the first answer that tells.
        var answersPartNumber: Bool?
    }

    public let endpoint: Endpoint
    public let counters = RequestCounters()
    public let unanswered = UnansweredWrites()
    public let reads: ConcurrencyLimit
    public let writes: ConcurrencyLimit
    let credentials: Credentials?
    let footprint = Footprint()
    let connection: ConnectionOptions
    let options: Options
    let learnt: Mutex<Learnt>
    let time: any Time

    /// Without credentials requests go unsigned.
    public init(
        endpoint: Endpoint, credentials: Credentials?, connection: ConnectionOptions, options: Options = Options()
    ) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.connection = connection
        self.options = options
        time = options.surroundings.time
        reads = ConcurrencyLimit(options.reads, time: options.surroundings.time)
        writes = ConcurrencyLimit(options.writes, time: options.surroundings.time)
        learnt = Mutex(Learnt(region: options.region))
    }

    /// The server's clock minus ours in milliseconds, as of its last listing; nil before.
    public var clockOffset: Int64? { learnt.withLock { $0.clockOffset } }

    // MARK: Exchanges

    /// Sends `request` until it succeeds, fails for good, or was tried often enough.
    func send(_ request: S3Request) async throws(S3Error) -> HTTPResponse {
        let failure: S3Error
        do throws(S3Error) {
            return try await sendOnce(request, attempt: 1)
        } catch {
            failure = error
        }
        return try await sendAgain(request, after: failure)
    }

    /// Apart from `send`, so that what only this needs takes no memory in each request that is under way.
    @inline(never)
    private func sendAgain(_ request: S3Request, after failure: S3Error) async throws(S3Error) -> HTTPResponse {
        var request = request
        var error = failure
        var attempt = 1
        var corrections: Set<Correction> = []
        while true {
            if !learnsToSign(from: error, &corrections) {
                error.attempts = attempt
                error.isAnonymous = credentials == nil
                guard error.isTransient, error.kind != .digestMismatch, request.operation.isRepeatable,
                    !(request.isProbe && error.kind == .serverFailure && attempt > 1),
                    attempt < min(options.retries.attempts, request.attempts),
                    !Task.isCancelled
                else { throw error }
                await pause(after: error, attempt: attempt)
                // The pause ends early when the task is cancelled.
                guard !Task.isCancelled else { throw error }
                attempt += 1
                // The connections that lie ready may be as dead as this one was.
                if error.kind == .timedOut { request.needsFreshConnection = true }
            }
            do throws(S3Error) {
                return try await sendOnce(request, attempt: attempt)
            } catch let caught {
                error = caught
            }
        }
    }

    private func pause(after error: S3Error, attempt: Int) async {
        let policy = options.retries
        var delay = options.surroundings.chance.draw { random in
            policy.delay(after: error.kind, attempt: attempt - 1, using: &random)
        }
        if let seconds = error.retryAfter { delay = max(delay, .seconds(min(seconds, 60))) }
        await time.sleep(for: delay)
    }

    private func sendOnce(_ request: S3Request, attempt: Int) async throws(S3Error) -> HTTPResponse {
        // Tags are asked for by whoever holds a place already, for the object whose bytes are coming: if that needed
        // another one, all places could be held by those who wait for one.
        let limit = request.operation == .getObjectTagging ? nil : request.operation.isWrite ? writes : reads
        await limit?.acquire()
        let began = time.now()
        var signal = ConcurrencyLimit.Signal.unclear
        defer { limit?.release(signal, began: began) }
        if case .block(let block) = request.body, block.count > 0, let rate = connection.uploadLimit {
            await time.sleep(for: .nanoseconds(rate.book(block.count, now: began)))
        }
        let transfer = start(request, attempt: attempt)
        do {
            try await transfer.awaitEnd()
        } catch {
            throw failure(error, request, transfer)
        }
        let response = HTTPResponse(head: transfer.head, body: transfer.body)
        do throws(S3Error) {
            try check(response, request)
            signal = .fine
        } catch {
            signal = error.kind == .slowDown ? .throttled : .unclear
            throw error
        }
        return response
    }

    /// Starts an exchange whose body is relayed; the caller waits for it and calls `check` on what came.
    /// Nothing is repeated here (`attempt` is the caller's count, from 1, where it repeats), and no place of the concurrency limit is taken.
    func start(_ request: S3Request, attempt: Int? = nil) -> Transfer {
        counters.count(request.operation.verb)
        request.onStart?()
        let transfer = Reactor.required().transfers.start(signed(request, attempt: attempt))
        if let bucket = request.bucket, !request.changedKeys.isEmpty {
            let keys = request.changedKeys
            transfer.whenEnded { [unanswered, unowned transfer] _ in
                if transfer.mayHaveArrivedUnanswered { unanswered.note(keys, in: bucket) }
            }
        }
        if let trace = options.trace {
            let began = time.now()
            transfer.whenEnded { [endpoint, time] _ in
                let milliseconds = (time.now() - began) / 1_000_000
                trace(Self.traceLine(request, transfer.status, milliseconds, endpoint))
            }
        }
        return transfer
    }

    private static func traceLine(
        _ request: S3Request, _ status: Int, _ milliseconds: Int64, _ endpoint: Endpoint
    ) -> String {
        var line = "\(request.operation.rawValue) \(endpoint.url)"
        if let bucket = request.bucket { line += "/\(bucket)" }
        if let key = request.key { line += "/\(key)" }
        let query = String(decoding: SignatureV4.canonicalQuery(request.query), as: UTF8.self)
        if !query.isEmpty { line += "?\(query)" }
        return "\(line) → \(status == 0 ? "no answer" : String(status)) in \(milliseconds) ms"
    }

    /// Throws unless the answer is a success that can be believed.
    func check(_ response: HTTPResponse, _ request: S3Request) throws(S3Error) {
        guard response.head.isSuccess else {
            throw S3Error(head: response.head, body: response.body, for: request, server: endpoint.url, time: time)
        }
        switch request.operation {
        case .completeMultipartUpload, .copyObject, .uploadPartCopy:
            // These answer 200 before the work is done; the truth is in the body.
            guard let document = try? XMLTree.parse(response.body.bytes) else {
                throw malformed("the answer to it is not whole XML", request, response.head)
            }
            if document.name == "Error" {
                throw S3Error(head: response.head, body: response.body, for: request, server: endpoint.url, time: time)
            }
        case .putObject, .uploadPart:
            // Some gateways say so only when the body was taken.
            if response.body.count > 0, let document = try? XMLTree.parse(response.body.bytes), document.name == "Error"
            {
                throw S3Error(head: response.head, body: response.body, for: request, server: endpoint.url, time: time)
            }
        default: break
        }
    }

    func failure(_ error: TransferError, _ request: S3Request, _ transfer: Transfer) -> S3Error {
        S3Error(error, for: request, server: endpoint.url)
    }

    func malformed(_ message: String, _ request: S3Request, _ head: HTTPHead? = nil) -> S3Error {
        S3Error(malformed: message, for: request, server: endpoint.url, head: head)
    }
}
