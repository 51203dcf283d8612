public import ObjectModel
public import Reactor

/// Conditions and parts of a read.
public struct ReadOptions: Sendable, Hashable {
    /// Answers 412 unless the object still has this ETag. Not sent where it is absent.
    public var ifMatch: ETag?
    /// First and last byte, both included.
    public var range: ClosedRange<Int64>?
    /// One part of a multipart object, from 1. Servers without this answer with the whole object.
    public var partNumber: Int?

    public init(ifMatch: ETag? = nil, range: ClosedRange<Int64>? = nil, partNumber: Int? = nil) {
        self.ifMatch = ifMatch
        self.range = range
        self.partNumber = partNumber
    }

    var fields: [HeaderField] {
        var fields: [HeaderField] = []
        if let ifMatch, !ifMatch.isAbsent { fields.append(HeaderField("If-Match", ifMatch.fieldValue)) }
        if let range { fields.append(HeaderField("Range", "bytes=\(range.lowerBound)-\(range.upperBound)")) }
        return fields
    }

    var query: [QueryItem] {
        partNumber.map { [QueryItem("partNumber", String($0))] } ?? []
    }
}

/// What a server says of an object that it has just stored.
public struct PutResult: Sendable, Hashable {
    public var etag: ETag
    public var versionID: String?

    init(_ head: HTTPHead) {
        etag = ETag(head["etag"] ?? "")
        versionID = head["x-amz-version-id"]
    }
}

extension S3Client {
    /// The object's properties. A missing one is `noSuchKey`, as is one in a missing bucket: a HEAD cannot tell.
    public func headObject(
        bucket: String, key: ObjectKey, options: ReadOptions = ReadOptions()
    ) async throws(S3Error) -> ObjectInfo {
        let request = S3Request(
            .headObject, .head, bucket: bucket, key: key, query: options.query, headers: options.fields)
        let response = try await send(request)
        return try info(response.head, request)
    }

    /// Reads an object of at most `limit` bytes into memory.
    public func getObject(
        bucket: String, key: ObjectKey, options: ReadOptions = ReadOptions(), limit: Int
    ) async throws(S3Error) -> (ObjectInfo, ByteBlock) {
        var request = readRequest(bucket, key, options)
        request.sink = .block(limit: limit)
        let response = try await send(request)
        let info = try info(response.head, request)
        guard info.contentLength == response.body.count else {
            throw malformed("\(response.body.count) bytes came of \(info.contentLength)", request, response.head)
        }
        return (info, response.body)
    }

    /// Stores a body held in memory.
    ///
    /// With `contentMD5` the server refuses other bytes than those (`digestMismatch`); most servers, not all.
    public func putObject(
        bucket: String, key: ObjectKey, headers: ObjectHeaders, body: ByteBlock, contentMD5: MD5Digest?,
        storageClass: String? = nil
    ) async throws(S3Error) -> PutResult {
        var request = writeRequest(bucket, key, headers, contentMD5, storageClass)
        request.body = .block(body)
        return PutResult(try await send(request).head)
    }

    /// Copies an object within this server and gives the copy `headers` (nil keeps the source's).
    ///
    /// Up to 5 GiB. `ifMatch` makes sure that the source is the one that was meant.
    public func copyObject(
        from source: (bucket: String, key: ObjectKey), to target: (bucket: String, key: ObjectKey),
        headers: ObjectHeaders?, ifMatch: ETag? = nil
    ) async throws(S3Error) -> PutResult {
        var request = S3Request(.copyObject, .put, bucket: target.bucket, key: target.key)
        request.headers = [Self.copySource(source)]
        if let ifMatch, !ifMatch.isAbsent {
            request.headers.append(HeaderField("x-amz-copy-source-if-match", ifMatch.fieldValue))
        }
        if let headers {
            request.headers.append(HeaderField("x-amz-metadata-directive", "REPLACE"))
            request.headers.append(HeaderField("x-amz-tagging-directive", "REPLACE"))
            request.headers += headers.requestFields()
        }
        let response = try await send(request)
        var result = PutResult(response.head)
        if let document = try? XMLTree.parse(response.body.bytes), let etag = document["ETag"]?.text {
            result.etag = ETag(etag)
        }
        return result
    }

    static func copySource(_ source: (bucket: String, key: ObjectKey)) -> HeaderField {
        let path = Array(source.bucket.utf8) + [UInt8(ascii: "/")] + source.key.bytes
        return HeaderField(
            "x-amz-copy-source", String(decoding: URIEncoding.encode(path, keepSlash: true), as: UTF8.self))
    }

    func readRequest(_ bucket: String, _ key: ObjectKey, _ options: ReadOptions) -> S3Request {
        S3Request(.getObject, .get, bucket: bucket, key: key, query: options.query, headers: options.fields)
    }

    func writeRequest(
        _ bucket: String, _ key: ObjectKey, _ headers: ObjectHeaders, _ contentMD5: MD5Digest?,
        _ storageClass: String?
    ) -> S3Request {
        var request = S3Request(.putObject, .put, bucket: bucket, key: key, headers: headers.requestFields())
        if let contentMD5 { request.headers.append(HeaderField("Content-MD5", contentMD5.base64)) }
        if let storageClass { request.headers.append(HeaderField("x-amz-storage-class", storageClass)) }
        request.payload = .unsigned
        return request
    }

    func info(_ head: HTTPHead, _ request: S3Request) throws(S3Error) -> ObjectInfo {
        guard let info = ObjectInfo(head) else { throw malformed("the answer says no length", request, head) }
        return info
    }
}
