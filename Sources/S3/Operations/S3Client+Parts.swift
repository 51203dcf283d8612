public import ObjectModel
import Reactor
import Runtime

extension S3Client {
    /// The first part's size of a multipart object, and whether all parts may have it; nil where the server does not tell,
    /// or fails when asked: parts may be numbered with gaps, and then servers answer 416 (SeaweedFS) or 500 (moto).
    ///
    /// Which layout it is shows when the composite ETag comes out equal.
    ///
    /// - Throws: what `S3Error.isAboutServer` tells to concern other requests, too.
    public func partLayout(
        bucket: String, key: ObjectKey, size: Int64, parts: Int
    ) async throws(S3Error) -> (first: Int64, isUniform: Bool)? {
        guard learnt.withLock({ $0.answersPartNumber }) != false else { return nil }
        guard let info = try await headPart(1, bucket: bucket, key: key) else { return nil }
        guard info.partCount == parts, info.contentLength <= size else {
            // A server without this answers with the whole object and no count; but so does any server if the object has
            // just been replaced by one that was sent whole.
            guard case .composite(_, parts) = info.etag else { return nil }
            learnt.withLock { if $0.answersPartNumber == nil { $0.answersPartNumber = false } }
            return nil
        }
        learnt.withLock { $0.answersPartNumber = true }
        let first = info.contentLength
        let isUniform = parts == 1 ? first == size : first * Int64(parts - 1) < size && size <= first * Int64(parts)
        return (first, isUniform)
    }

    /// HEAD of one part; nil where that fails.
    private func headPart(_ number: Int, bucket: String, key: ObjectKey) async throws(S3Error) -> ObjectInfo? {
        var request = S3Request(
            .headObject, .head, bucket: bucket, key: key, query: ReadOptions(partNumber: number).query)
        request.isProbe = true
        do throws(S3Error) {
            return try info(try await send(request).head, request)
        } catch {
            guard error.isAboutServer else { return nil }
            throw error
        }
    }

    /// The size of each part by one HEAD a part; nil where one fails, or the answers do not add up to `size`.
    public func allPartSizes(
        bucket: String, key: ObjectKey, size: Int64, parts: Int
    ) async throws(S3Error) -> [Int64]? {
        if let sizes = try await partSizes(bucket: bucket, key: key), sizes.count == parts,
            sizes.reduce(0, { $0.addingSaturated($1) }) == size
        {
            return sizes
        }
        var sizes: [Int64] = []
        for number in 1...parts {
            guard let info = try await headPart(number, bucket: bucket, key: key) else { return nil }
            guard info.partCount == parts else { return nil }
            sizes.append(info.contentLength)
        }
        return sizes.reduce(0, { $0.addingSaturated($1) }) == size ? sizes : nil
    }

    /// Copies an object of any size within this server, in parts of 1 GiB; headers and tags are kept.
    public func copyLargeObject(
        from source: (bucket: String, key: ObjectKey), to target: (bucket: String, key: ObjectKey)
    ) async throws(S3Error) {
        // Its size now: what a listing told may be out of date.
        let info = try await headObject(bucket: source.bucket, key: source.key)
        let size = info.contentLength
        var headers = info.headers
        if info.tagCount ?? 0 > 0 { headers.setTags(try await objectTags(bucket: source.bucket, key: source.key)) }
        let upload = try await createUpload(bucket: target.bucket, key: target.key, headers: headers)
        do throws(S3Error) {
            var parts: [UploadedPart] = []
            let partSize: Int64 = max(1 << 30, (size + 9_999) / 10_000)
            for start in stride(from: 0, to: size, by: Int64.Stride(partSize)) {
                let end = min(start + partSize, size) - 1
                let etag = try await uploadPartCopy(
                    upload, number: parts.count + 1, from: source, range: start...end, ifMatch: info.etag)
                parts.append(UploadedPart(number: parts.count + 1, etag: etag, size: end - start + 1))
            }
            _ = try await completeUpload(upload, parts: parts)
        } catch {
            // Also where this task was cancelled.
            let body: @Sendable () async -> Void = { try? await self.abortUpload(upload) }
            await Task(executorPreference: Reactor.required(), operation: body).value
            throw error
        }
    }
}
