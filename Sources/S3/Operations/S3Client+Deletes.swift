import Digests
public import ObjectModel

extension S3Client {
    /// Deletes one object; a missing one is not an error. In a versioned bucket this adds a delete marker.
    public func deleteObject(bucket: String, key: ObjectKey) async throws(S3Error) {
        _ = try await send(S3Request(.deleteObject, .delete, bucket: bucket, key: key))
    }

    /// Deletes up to 1,000 objects in one request and answers, for each key in the order given, why it was not deleted
    /// (nil: it was, or it was missing). A key that the server's answer does not mention counts as not deleted
    /// (`malformedAnswer`): the answer is asked to name each, because silence proves nothing. JuiceFS answers with as many
    /// `Deleted` as there were, but without names; those stand for the keys that no other entry names, if they suffice.
    ///
    /// Keys that XML 1.0 cannot carry are deleted one by one, as are keys that end in a slash: JuiceFS reports success for
    /// them in a batch and deletes nothing. So is a key that comes alone: it costs no more, and JuiceFS then removes the
    /// folders that it leaves empty, which would otherwise be listed as objects.
    public func deleteObjects(bucket: String, keys: [ObjectKey]) async throws(S3Error) -> [S3Error?] {
        precondition(keys.count <= 1000, "DeleteObjects takes 1,000 keys at most.")
        var failures: [ObjectKey: S3Error] = [:]
        let representable = keys.count == 1 ? [] : keys.filter(Self.goesIntoBatch)
        let others = keys.count == 1 ? keys : keys.filter { !Self.goesIntoBatch($0) }
        if !representable.isEmpty {
            var request = S3Request(.deleteObjects, .post, bucket: bucket, query: [QueryItem("delete")])
            let body = try body(request) { () throws(NotRepresentableInXML) in
                try XMLBody.delete(representable, isQuiet: false)
            }
            request.setBody(body)
            request.keys = representable
            // MinIO refuses the request without it.
            request.headers.append(HeaderField("Content-MD5", MD5Hasher.digest(body).base64))
            let document = try await document(request, root: "DeleteResult")
            func failure(_ kind: S3Error.Kind, _ key: ObjectKey, code: String, _ message: String) -> S3Error {
                S3Error(
                    kind: kind, server: endpoint.url, operation: .deleteObjects, bucket: bucket, key: key, status: 200,
                    code: code, message: message)
            }
            var unmentioned = Set(representable)
            var nameless = 0
            for node in document.all("Deleted") {
                if let key = node["Key"]?.text, !key.isEmpty {
                    unmentioned.remove(ObjectKey(key))
                } else {
                    nameless += 1
                }
            }
            // A key that is mentioned as both was not deleted.
            for node in document.all("Error") {
                let key = ObjectKey(node["Key"]?.text ?? "")
                unmentioned.remove(key)
                let code = node["Code"]?.text ?? ""
                guard code != "NoSuchKey" else { continue }
                failures[key] = failure(S3Error.kind(ofKeyWith: code), key, code: code, node["Message"]?.text ?? "")
            }
            if nameless < unmentioned.count {
                for key in unmentioned {
                    failures[key] = failure(
                        .malformedAnswer, key, code: "", "the answer does not say whether it was deleted")
                }
            }
        }
        for key in others {
            do throws(S3Error) {
                try await deleteObject(bucket: bucket, key: key)
            } catch {
                if error.kind != .noSuchKey { failures[key] = error }
            }
        }
        return keys.map { failures[$0] }
    }

    private static func goesIntoBatch(_ key: ObjectKey) -> Bool {
        key.bytes.last != UInt8(ascii: "/") && XMLWriter.isRepresentable(key.bytes)
    }
}
