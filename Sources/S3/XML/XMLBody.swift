public import ObjectModel

/// The XML bodies that requests carry.
public enum XMLBody {
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// Of CompleteMultipartUpload. Parts in ascending order of their numbers, 1 to 10,000; ETags as the server
    /// gave them for each part.
    public static func completeMultipartUpload(
        _ parts: [(number: Int, etag: ETag)]
    ) throws(NotRepresentableInXML) -> [UInt8] {
        var writer = XMLWriter()
        try writer.element("CompleteMultipartUpload", namespace: namespace) { writer throws(NotRepresentableInXML) in
            for part in parts {
                try writer.element("Part") { writer throws(NotRepresentableInXML) in
                    try writer.element("PartNumber", String(part.number))
                    try writer.element("ETag", part.etag.fieldValue)
                }
            }
        }
        return writer.bytes
    }

    /// Of DeleteObjects, at most 1,000 keys. Leave out those that XML can't carry (`XMLWriter.isRepresentable`) and delete
    /// them one by one. With `isQuiet` the server answers with failures only.
    public static func delete(_ keys: [ObjectKey], isQuiet: Bool) throws(NotRepresentableInXML) -> [UInt8] {
        var writer = XMLWriter()
        try writer.element("Delete", namespace: namespace) { writer throws(NotRepresentableInXML) in
            for key in keys {
                try writer.element("Object") { writer throws(NotRepresentableInXML) in
                    try writer.element("Key", bytes: key.bytes)
                }
            }
            if isQuiet { try writer.element("Quiet", "true") }
        }
        return writer.bytes
    }

    /// Of PutObjectTagging.
    public static func tagging(_ tags: [ObjectHeaders.NameValue]) throws(NotRepresentableInXML) -> [UInt8] {
        var writer = XMLWriter()
        try writer.element("Tagging", namespace: namespace) { writer throws(NotRepresentableInXML) in
            try writer.element("TagSet") { writer throws(NotRepresentableInXML) in
                for tag in tags {
                    try writer.element("Tag") { writer throws(NotRepresentableInXML) in
                        try writer.element("Key", tag.name)
                        try writer.element("Value", tag.value)
                    }
                }
            }
        }
        return writer.bytes
    }

    /// Of CreateBucket. Not to be sent for `us-east-1`, which the S3 API expresses by the absence of a body.
    public static func createBucketConfiguration(region: String) throws(NotRepresentableInXML) -> [UInt8] {
        var writer = XMLWriter()
        try writer.element("CreateBucketConfiguration", namespace: namespace) { writer throws(NotRepresentableInXML) in
            try writer.element("LocationConstraint", region)
        }
        return writer.bytes
    }
}
