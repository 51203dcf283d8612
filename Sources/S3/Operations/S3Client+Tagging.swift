import Digests
public import ObjectModel

extension S3Client {
    /// The object's tags; none where the server has no tagging.
    public func objectTags(bucket: String, key: ObjectKey) async throws(S3Error) -> [ObjectHeaders.NameValue] {
        let request = S3Request(.getObjectTagging, .get, bucket: bucket, key: key, query: [QueryItem("tagging")])
        let document: XMLNode
        do throws(S3Error) {
            document = try await self.document(request, root: "Tagging")
        } catch {
            if error.kind == .notImplemented || error.code == "NoSuchTagSet" { return [] }
            throw error
        }
        return (document["TagSet"]?.all("Tag") ?? []).map {
            ObjectHeaders.NameValue($0["Key"]?.text ?? "", $0["Value"]?.text ?? "")
        }
    }

    /// Replaces the object's tags; an empty list deletes them.
    public func setObjectTags(
        bucket: String, key: ObjectKey, tags: [ObjectHeaders.NameValue]
    ) async throws(S3Error) {
        guard !tags.isEmpty else {
            _ = try await send(
                S3Request(.deleteObjectTagging, .delete, bucket: bucket, key: key, query: [QueryItem("tagging")]))
            return
        }
        var request = S3Request(.putObjectTagging, .put, bucket: bucket, key: key, query: [QueryItem("tagging")])
        let body = try body(request) { () throws(NotRepresentableInXML) in try XMLBody.tagging(tags) }
        request.setBody(body)
        request.headers.append(HeaderField("Content-MD5", MD5Hasher.digest(body).base64))
        _ = try await send(request)
    }
}
