public import ObjectModel
import Runtime

extension S3Client {
    /// The sizes of a multipart object's parts as HEAD or GetObjectAttributes tell them; nil where neither does.
    ///
    /// `.first` costs one request; `.all` is asked for only where the first part cannot be one of a uniform layout.
    /// Keys of uniform parts look alike in both; which one it is shows when the composite ETag comes out equal.
    public func partLayout(
        bucket: String, key: ObjectKey, size: Int64, parts: Int
    ) async throws(S3Error) -> (first: Int64, isUniform: Bool)? {
        guard learnt.withLock({ $0.answersPartNumber }) != false else { return nil }
        let info = try await headObject(bucket: bucket, key: key, options: ReadOptions(partNumber: 1))
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

    /// The size of each part by one HEAD a part; nil where the answers do not add up to `size`.
    public func allPartSizes(
        bucket: String, key: ObjectKey, size: Int64, parts: Int
    ) async throws(S3Error) -> [Int64]? {
        if let sizes = try await partSizes(bucket: bucket, key: key), sizes.count == parts, sizes.reduce(0, +) == size {
            return sizes
        }
        var sizes: [Int64] = []
        for number in 1...parts {
            let info = try await headObject(bucket: bucket, key: key, options: ReadOptions(partNumber: number))
            guard info.partCount == parts else { return nil }
            sizes.append(info.contentLength)
        }
        return sizes.reduce(0, +) == size ? sizes : nil
    }

    /// Copies an object of any size within this server, in parts of 1 GiB; headers and tags are kept.
    public func copyLargeObject(
        from source: (bucket: String, key: ObjectKey), to target: (bucket: String, key: ObjectKey), size: Int64
    ) async throws(S3Error) {
        let info = try await headObject(bucket: source.bucket, key: source.key)
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
            try? await abortUpload(upload)
            throw error
        }
    }
}
