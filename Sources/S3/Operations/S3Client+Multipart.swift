public import ObjectModel
public import Reactor

/// A multipart upload under way on a server.
public struct MultipartUpload: Sendable, Hashable {
    public let bucket: String
    public let key: ObjectKey
    public let id: String

    public init(bucket: String, key: ObjectKey, id: String) {
        self.bucket = bucket
        self.key = key
        self.id = id
    }
}

/// One part as the server has it.
public struct UploadedPart: Sendable, Hashable {
    /// 1 to 10,000.
    public var number: Int
    public var etag: ETag
    public var size: Int64

    public init(number: Int, etag: ETag, size: Int64) {
        self.number = number
        self.etag = etag
        self.size = size
    }
}

extension S3Client {
    /// Begins a multipart upload; the object's headers and tags are given here.
    public func createUpload(
        bucket: String, key: ObjectKey, headers: ObjectHeaders, storageClass: String? = nil
    ) async throws(S3Error) -> MultipartUpload {
        var request = S3Request(
            .createMultipartUpload, .post, bucket: bucket, key: key, query: [QueryItem("uploads")],
            headers: headers.requestFields())
        if let storageClass { request.headers.append(HeaderField("x-amz-storage-class", storageClass)) }
        let document = try await document(request, root: "InitiateMultipartUploadResult")
        guard let id = document["UploadId"]?.text, !id.isEmpty else {
            throw malformed("the answer has no upload ID", request)
        }
        return MultipartUpload(bucket: bucket, key: key, id: id)
    }

    /// Stores one part held in memory.
    public func uploadPart(
        _ upload: MultipartUpload, number: Int, body: ByteBlock, contentMD5: MD5Digest?
    ) async throws(S3Error) -> ETag {
        var request = partRequest(upload, number)
        if let contentMD5 { request.headers.append(HeaderField("Content-MD5", contentMD5.base64)) }
        request.body = .block(body)
        return ETag(try await send(request).head["etag"] ?? "")
    }

    func partRequest(_ upload: MultipartUpload, _ number: Int) -> S3Request {
        var request = S3Request(
            .uploadPart, .put, bucket: upload.bucket, key: upload.key,
            query: [QueryItem("partNumber", String(number)), QueryItem("uploadId", upload.id)])
        request.payload = .unsigned
        return request
    }

    /// Stores one part from bytes of an object on the same server; `range` includes both ends.
    public func uploadPartCopy(
        _ upload: MultipartUpload, number: Int, from source: (bucket: String, key: ObjectKey),
        range: ClosedRange<Int64>, ifMatch: ETag? = nil
    ) async throws(S3Error) -> ETag {
        var request = S3Request(
            .uploadPartCopy, .put, bucket: upload.bucket, key: upload.key,
            query: [QueryItem("partNumber", String(number)), QueryItem("uploadId", upload.id)])
        request.headers = [
            Self.copySource(source),
            HeaderField("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound)"),
        ]
        if let ifMatch, !ifMatch.isAbsent {
            request.headers.append(HeaderField("x-amz-copy-source-if-match", ifMatch.fieldValue))
        }
        return ETag(try await document(request, root: "CopyPartResult")["ETag"]?.text ?? "")
    }

    /// Makes the parts one object and answers its ETag.
    ///
    /// Not repeated on failure: when the first answer was lost the second one is `noSuchUpload`. Look at the object then.
    public func completeUpload(
        _ upload: MultipartUpload, parts: [UploadedPart]
    ) async throws(S3Error) -> PutResult {
        var request = S3Request(
            .completeMultipartUpload, .post, bucket: upload.bucket, key: upload.key,
            query: [QueryItem("uploadId", upload.id)])
        request.setBody(
            try body(request) { () throws(NotRepresentableInXML) in
                try XMLBody.completeMultipartUpload(parts.map { ($0.number, $0.etag) })
            })
        let response = try await send(request)
        var result = PutResult(response.head)
        if let document = try? XMLTree.parse(response.body.bytes), let etag = document["ETag"]?.text {
            result.etag = ETag(etag)
        }
        return result
    }

    /// Drops the upload and its parts. One that is gone already is not an error.
    public func abortUpload(_ upload: MultipartUpload) async throws(S3Error) {
        let request = S3Request(
            .abortMultipartUpload, .delete, bucket: upload.bucket, key: upload.key,
            query: [QueryItem("uploadId", upload.id)])
        do throws(S3Error) {
            _ = try await send(request)
        } catch {
            guard error.kind == .noSuchUpload || error.kind == .noSuchKey else { throw error }
        }
    }

    /// The parts stored so far, all pages, in the order of their numbers.
    public func listParts(_ upload: MultipartUpload) async throws(S3Error) -> [UploadedPart] {
        var parts: [UploadedPart] = []
        var marker: String?
        while true {
            var request = S3Request(
                .listParts, .get, bucket: upload.bucket, key: upload.key, query: [QueryItem("uploadId", upload.id)])
            if let marker { request.query.append(QueryItem("part-number-marker", marker)) }
            // The second is moto's.
            let document = try await document(request, root: "ListPartsResult", or: "ListPartsResponse")
            for node in document.all("Part") {
                guard let number = node["PartNumber"].flatMap({ Int($0.text) }),
                    let size = node["Size"].flatMap({ Int64($0.text) })
                else { throw malformed("a part has no number or size", request) }
                parts.append(UploadedPart(number: number, etag: ETag(node["ETag"]?.text ?? ""), size: size))
            }
            guard document["IsTruncated"]?.text == "true" else { break }
            let next = document["NextPartNumberMarker"]?.text
            guard let next, next != marker else { throw malformed("the list of parts does not end", request) }
            marker = next
        }
        return parts.sorted { $0.number < $1.number }
    }

    /// A multipart upload that a server tells of.
    public struct PendingUpload: Sendable, Hashable {
        public let upload: MultipartUpload
        public let initiated: Timestamp?
    }

    /// The uploads under way whose keys begin with `prefix`, all pages.
    ///
    /// MinIO answers for exactly one key: there the prefix must be the whole key.
    public func listUploads(bucket: String, prefix: ObjectKey) async throws(S3Error) -> [PendingUpload] {
        var uploads: [PendingUpload] = []
        var markers: (key: String, id: String)?
        while true {
            var request = S3Request(
                .listMultipartUploads, .get, bucket: bucket,
                query: [
                    QueryItem("uploads"), QueryItem("encoding-type", "url"), QueryItem("prefix", bytes: prefix.bytes),
                ])
            if let markers {
                request.query.append(QueryItem("key-marker", markers.key))
                request.query.append(QueryItem("upload-id-marker", markers.id))
            }
            let document = try await document(request, root: "ListMultipartUploadsResult")
            let isEncoded = document["EncodingType"]?.text == "url"
            for node in document.all("Upload") {
                guard let id = node["UploadId"]?.text,
                    let key = node["Key"].flatMap({ Self.decodedKey($0.text, isEncoded: isEncoded) })
                else { throw malformed("an upload has no key or ID", request) }
                uploads.append(
                    PendingUpload(
                        upload: MultipartUpload(bucket: bucket, key: key, id: id),
                        initiated: node["Initiated"].flatMap { Timestamp(iso8601: Array($0.text.utf8)) }))
            }
            guard document["IsTruncated"]?.text == "true" else { return uploads }
            let next = (document["NextKeyMarker"]?.text ?? "", document["NextUploadIdMarker"]?.text ?? "")
            if let markers, markers == next { throw malformed("the list of uploads does not end", request) }
            markers = next
        }
    }

    static func decodedKey(_ text: String, isEncoded: Bool) -> ObjectKey? {
        guard isEncoded else { return ObjectKey(text) }
        return URIEncoding.decode(Array(text.utf8), plusIsSpace: true).map(ObjectKey.init(bytes:))
    }
}
