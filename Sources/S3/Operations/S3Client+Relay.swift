public import ObjectModel
public import Reactor
import Runtime

/// What brings the bytes of an upload into its ring, wherever they come from.
public protocol UploadFeed {
    /// Bytes that it will bring in all.
    var contentLength: Int64 { get }
    var isEnded: Bool { get }
    /// Waits until all are in the ring; throws if they were fewer.
    func awaitFeed() async throws
    /// What says that its bytes are not `wanted` ones.
    func lengthError(_ wanted: Int64) -> any Error
    /// Calls `observer` once when it ends, on the reactor of the upload; never if it has ended already.
    func whenEnded(_ observer: @escaping (_ isComplete: Bool) -> Void)
}

/// A read whose bytes flow into a ring, begun and not yet ended.
public struct RingDownload {
    /// From the answer's own headers: it speaks of the very bytes in the ring.
    public let info: ObjectInfo
    let transfer: Transfer
    let client: S3Client
    let request: S3Request
    let began: Int64

    /// Waits until the last byte is in the ring; throws if they were fewer than announced.
    public func awaitEnd() async throws(S3Error) {
        do {
            try await transfer.awaitEnd()
        } catch {
            throw client.failure(error, request, transfer)
        }
    }

    /// Whether all bytes are in the ring.
    public var isEnded: Bool { transfer.isEnded }

    /// Calls `observer` once, when the read ends; never if it has ended already.
    public func whenEnded(_ observer: @escaping (_ isComplete: Bool) -> Void) { transfer.whenEnded(observer) }

    /// Gives the place of the concurrency limit back and ends the transfer if it is still under way.
    /// Must be called exactly once, on the reactor that began it.
    public func close() {
        let signal: ConcurrencyLimit.Signal = transfer.isEnded ? .fine : .unclear
        transfer.cancel()
        client.reads.release(signal, began: began)
    }
}

extension RingDownload: UploadFeed {
    public var contentLength: Int64 { info.contentLength }

    public func awaitFeed() async throws { try await awaitEnd() }

    public func lengthError(_ wanted: Int64) -> any Error {
        client.malformed("\(contentLength) bytes come of \(wanted)", request)
    }
}

extension S3Client {
    /// Begins to read an object into `ring`; returns once the answer's headers are here.
    public func openObject(
        bucket: String, key: ObjectKey, options: ReadOptions, into ring: ByteRing
    ) async throws(S3Error) -> RingDownload {
        var request = readRequest(bucket, key, options)
        request.sink = .ring(ring)
        await reads.acquire()
        let began = time.now()
        let transfer = start(request)
        do throws(S3Error) {
            let head: HTTPHead
            do throws(TransferError) {
                head = try await transfer.awaitHead()
                // The body of an error is needed to know which one it is.
                if !head.isSuccess { try await transfer.awaitEnd() }
            } catch {
                throw failure(error, request, transfer)
            }
            try check(HTTPResponse(head: head, body: transfer.body), request)
            return RingDownload(
                info: try info(head, request), transfer: transfer, client: self, request: request, began: began)
        } catch {
            transfer.cancel()
            reads.release(error.kind == .slowDown ? .throttled : .unclear, began: began)
            throw error
        }
    }

    /// Stores an object from `ring`, exactly `length` bytes of it.
    ///
    /// Not repeated on failure: the ring's bytes are gone then.
    public func putObject(
        bucket: String, key: ObjectKey, headers: ObjectHeaders, from ring: ByteRing, length: Int64,
        contentMD5: MD5Digest?, storageClass: String? = nil, feed: any UploadFeed
    ) async throws -> PutResult {
        var request = writeRequest(bucket, key, headers, contentMD5, storageClass)
        request.body = .ring(ring, length: length)
        return PutResult(try await relay(request, feed: feed).head)
    }

    /// Stores one part from `ring`.
    public func uploadPart(
        _ upload: MultipartUpload, number: Int, from ring: ByteRing, length: Int64, contentMD5: MD5Digest?,
        feed: any UploadFeed
    ) async throws -> ETag {
        var request = partRequest(upload, number)
        if let contentMD5 { request.headers.append(HeaderField("Content-MD5", contentMD5.base64)) }
        request.body = .ring(ring, length: length)
        return ETag(try await relay(request, feed: feed).head["etag"] ?? "")
    }

    /// Sends `request`, whose body `feed` brings into the ring. When `feed` fails, so does this, with the reason.
    ///
    /// The caller holds a place of `writes`, taken before `feed` was opened: places are taken in that order everywhere,
    /// so relays never wait for each other in a circle.
    private func relay(_ request: S3Request, feed: any UploadFeed) async throws -> HTTPResponse {
        // Fewer bytes than the upload promises would leave it waiting for the rest for ever.
        if case .ring(_, let length) = request.body, feed.contentLength != length {
            throw feed.lengthError(length)
        }
        let transfer = start(request)
        feed.whenEnded { isComplete in
            // Without its bytes the upload would wait for ever; a server drops what it got of a cut body.
            if !isComplete { Reactor.current?.post { transfer.cancel() } }
        }
        if feed.isEnded {
            do {
                try await feed.awaitFeed()
            } catch {
                transfer.cancel()
                throw error
            }
        }
        do throws(TransferError) {
            try await transfer.awaitEnd()
        } catch {
            // The first failure is the reason, the other one its consequence.
            if feed.isEnded { try await feed.awaitFeed() }
            throw failure(error, request, transfer)
        }
        let response = HTTPResponse(head: transfer.head, body: transfer.body)
        try check(response, request)
        try await feed.awaitFeed()
        return response
    }

    /// Runs `body` with a place of the write limit. `isRefusal` tells whether an error is this server's wish for fewer
    /// requests: what another server says of its own load says nothing of this one.
    public func withWritePlace<T>(
        _ body: () async throws -> T, isRefusal: (any Error) -> Bool
    ) async throws -> T {
        await writes.acquire()
        let began = time.now()
        do {
            let result = try await body()
            writes.release(.fine, began: began)
            return result
        } catch {
            writes.release(isRefusal(error) ? .throttled : .unclear, began: began)
            throw error
        }
    }
}
