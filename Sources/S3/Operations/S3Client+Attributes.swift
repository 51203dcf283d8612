public import ObjectModel

extension S3Client {
    /// The sizes of a multipart object's parts in order, from GetObjectAttributes; nil where the server lacks it, fails,
    /// does not say the sizes, or does not let us ask: it takes a permission of its own.
    ///
    /// - Throws: for a server that is away.
    public func partSizes(bucket: String, key: ObjectKey) async throws(S3Error) -> [Int64]? {
        var sizes: [Int64] = []
        var marker: String?
        while true {
            var request = S3Request(
                .getObjectAttributes, .get, bucket: bucket, key: key, query: [QueryItem("attributes")],
                headers: [HeaderField("x-amz-object-attributes", "ObjectParts")])
            request.isProbe = true
            if let marker { request.headers.append(HeaderField("x-amz-part-number-marker", marker)) }
            let document: XMLNode
            do throws(S3Error) {
                document = try await self.document(request, root: "GetObjectAttributesResponse")
            } catch {
                // Older MinIO answers 500 to what it does not know.
                guard error.isAboutServer, error.kind != .refused else { return nil }
                throw error
            }
            guard let parts = document["ObjectParts"] else { return nil }
            for node in parts.all("Part") {
                guard let size = node["Size"].flatMap({ Int64($0.text) }) else { return nil }
                sizes.append(size)
            }
            guard parts["IsTruncated"]?.text == "true" else { break }
            let next = parts["NextPartNumberMarker"]?.text
            guard let next, next != marker else { throw malformed("the list of parts does not end", request) }
            marker = next
        }
        return sizes.isEmpty ? nil : sizes
    }
}
