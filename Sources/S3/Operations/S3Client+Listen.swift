public import ObjectModel
import Runtime

extension S3Client {
    /// Listens to the changes below `prefix` in `bucket` (nil: in all buckets, which servers since 2020-07 can), until
    /// the stream ends, which is always an error; `.cancelled` where the task was cancelled.
    ///
    /// Events come at most once, in no order, and some never: servers drop them where a listener is slow, and keep none
    /// for later. Runs on the reactor of the calling task, on a connection of its own, outside of `reads` and `writes`.
    ///
    /// - Parameters:
    ///   - onLive: Called once, when the first byte has come: from then on the server sends what changes. What it said
    ///     in that same chunk follows at once.
    ///   - onEvents: Called on the reactor's thread with the events of each chunk, at least one; must neither block nor
    ///     call into the reactor's transfers.
    /// - Throws: `.notImplemented` where this server does not listen (501, 400, 405, or a listing in the place of a
    ///   stream), `.refused`, `.noSuchBucket`, `.unreachable`, `.timedOut` where the stream is silent, `.interrupted`
    ///   where the server or the network ended it, `.malformedAnswer` where it cannot be read. Nothing is repeated but
    ///   what corrects the request itself.
    public func listen(
        bucket: String?, prefix: ObjectKey, options: ListenOptions = ListenOptions(),
        onLive: @escaping @Sendable () -> Void, onEvents: @escaping @Sendable ([BucketEvent]) -> Void
    ) async throws(S3Error) -> Never {
        let filter = EventFilter(bucket: bucket, prefix: prefix)
        var corrections: Set<Correction> = []
        var ping: Int? = learnt.withLock { $0.refusesPing } ? nil : max(1, options.ping)
        while true {
            let stream = EventStream(filter: filter, onLive: onLive, onEvents: onEvents)
            var error = await listenOnce(listenRequest(filter, ping: ping, options), stream)
            if !stream.isLive {
                if learnsToSign(from: error, &corrections) { continue }
                if error.status == 400, error.kind == .notImplemented, ping != nil, !Task.isCancelled {
                    // A server that knows no keep-alives on demand sends them anyway.
                    ping = nil
                    continue
                }
            }
            if stream.isLive, ping == nil { learnt.withLock { $0.refusesPing = true } }
            error.isAnonymous = credentials == nil
            throw error
        }
    }

    private func listenRequest(_ filter: EventFilter, ping: Int?, _ options: ListenOptions) -> S3Request {
        var request = S3Request(
            .listenBucketNotification, .get, bucket: filter.bucket,
            query: [QueryItem("events", "s3:ObjectCreated:*"), QueryItem("events", "s3:ObjectRemoved:*")],
            headers: [HeaderField("Accept-Encoding", "identity")])
        let prefix = filter.serverPrefix
        if !prefix.isEmpty { request.query.append(QueryItem("prefix", bytes: prefix)) }
        if let ping { request.query.append(QueryItem("ping", String(ping))) }
        request.needsFreshConnection = true
        request.patience = .endless(firstByte: options.firstByteAfter, silence: options.deadAfter)
        return request
    }

    /// One stream from its request to its end, whose reason is the answer.
    private func listenOnce(_ request: S3Request, _ stream: EventStream) async -> S3Error {
        var request = request
        request.onHead = { stream.begin($0) }
        request.sink = unsafe .pieces { unsafe stream.take($0) }
        let transfer = start(request)
        var end: TransferError?
        do throws(TransferError) {
            try await transfer.awaitEnd()
        } catch {
            end = error
        }
        switch stream.failure {
        case .noStream(let message):
            var error = malformed(message, request, transfer.head)
            error.kind = .notImplemented
            return error
        case .unreadable(let reason): return malformed("\(reason)", request, transfer.head)
        case nil: break
        }
        if let end { return failure(end, request, transfer) }
        guard transfer.head.isSuccess else {
            return Self.refusal(
                S3Error(head: transfer.head, body: transfer.body, for: request, server: endpoint.url, time: time))
        }
        var error = malformed("the server ended the stream of events", request, transfer.head)
        error.kind = .interrupted
        return error
    }

    /// Tells "this server does not listen" from the other refusals.
    private static func refusal(_ error: S3Error) -> S3Error {
        var error = error
        switch error.status {
        case 404 where error.kind != .noSuchBucket: error.kind = error.bucket == nil ? .notImplemented : .noSuchBucket
        case 405: error.kind = .notImplemented
        case 400 where error.serverRegion == nil && [.other, .unacceptable].contains(error.kind):
            error.kind = .notImplemented
        default: break
        }
        return error
    }
}
