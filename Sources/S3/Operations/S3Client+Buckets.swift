public import ObjectModel
import Reactor
import Runtime

extension S3Client {
    public struct Bucket: Sendable, Hashable {
        public let name: String
        public let created: Timestamp?
    }

    /// All buckets of this user, in the server's order, after at most `attempts` tries.
    public func listBuckets(attempts: Int = .max) async throws(S3Error) -> [Bucket] {
        var request = S3Request(.listBuckets, .get)
        request.attempts = attempts
        let document = try await document(request, root: "ListAllMyBucketsResult")
        return (document["Buckets"]?.all("Bucket") ?? []).compactMap { node in
            guard let name = node["Name"]?.text else { return nil }
            return Bucket(
                name: name, created: node["CreationDate"].flatMap { Timestamp(iso8601: Array($0.text.utf8)) })
        }
    }

    /// Creates `bucket` in this client's region. One that this user has already is not an error.
    public func createBucket(_ bucket: String) async throws(S3Error) {
        var request = S3Request(.createBucket, .put, bucket: bucket)
        let region = learnt.withLock { $0.region }
        if region != "us-east-1" {
            request.setBody(
                try body(request) { () throws(NotRepresentableInXML) in
                    try XMLBody.createBucketConfiguration(region: region)
                })
        }
        do throws(S3Error) {
            _ = try await send(request)
        } catch {
            guard error.code == "BucketAlreadyOwnedByYou" || error.code == "BucketAlreadyExists" else { throw error }
            // Older servers say the second for the first: ours if we may look at it.
            guard try await headBucket(bucket) else { throw error }
        }
    }

    /// Whether `bucket` exists; throws where the server does not tell (403, 5xx).
    public func headBucket(_ bucket: String) async throws(S3Error) -> Bool {
        do throws(S3Error) {
            _ = try await send(S3Request(.headBucket, .head, bucket: bucket))
            return true
        } catch {
            if error.kind == .noSuchBucket { return false }
            throw error
        }
    }

    /// Whether the server answers at all: one HEAD of `bucket` over a new connection, outside the concurrency limits and
    /// not counted. Requests that began earlier and wait on dead connections are given up once it has been answered.
    public func ping(_ bucket: String) async -> Bool {
        var request = S3Request(.headBucket, .head, bucket: bucket)
        request.needsFreshConnection = true
        request.patience = .quick(attempt: 1)
        let transfer = Reactor.required().transfers.start(signed(request))
        do {
            try await transfer.awaitEnd()
            return true
        } catch {
            return false
        }
    }

    /// The bucket's region; `us-east-1` where the server leaves it empty.
    public func bucketLocation(_ bucket: String) async throws(S3Error) -> String {
        let request = S3Request(.getBucketLocation, .get, bucket: bucket, query: [QueryItem("location")])
        let text = try await document(request, root: "LocationConstraint").text
        return text.isEmpty ? "us-east-1" : text == "EU" ? "eu-west-1" : text
    }

    /// Writes a body; a text that XML can't carry is the request's failure.
    func body(
        _ request: S3Request, _ write: () throws(NotRepresentableInXML) -> [UInt8]
    ) throws(S3Error) -> [UInt8] {
        do throws(NotRepresentableInXML) {
            return try write()
        } catch {
            throw S3Error(
                kind: .unacceptable, server: endpoint.url, operation: request.operation, bucket: request.bucket,
                key: request.key, status: 0, code: "", message: "\(error)")
        }
    }

    /// Sends `request` and parses its answer, whose root must be `root`, or `otherRoot` where servers differ.
    func document(_ request: S3Request, root: String, or otherRoot: String? = nil) async throws(S3Error) -> XMLNode {
        let response = try await send(request)
        let document: XMLNode
        do {
            document = try XMLTree.parse(response.body.bytes)
        } catch {
            throw malformed("the answer is not whole XML (\(error))", request, response.head)
        }
        if document.name == "Error" {
            throw S3Error(head: response.head, body: response.body, for: request, server: endpoint.url, time: time)
        }
        guard document.name == root || document.name == otherRoot else {
            throw malformed("the answer is <\(document.name)>, not <\(root)>", request, response.head)
        }
        return document
    }
}
