import ObjectModel
import S3

extension Service {
    func listBuckets(_ call: Call) -> Answer {
        var xml = XMLText()
        xml.open("ListAllMyBucketsResult", hasNamespace: true)
        xml.open("Owner")
        xml.element("ID", "sandbox")
        xml.element("DisplayName", "sandbox")
        xml.close("Owner")
        xml.open("Buckets")
        for bucket in store.table.buckets() {
            xml.open("Bucket")
            xml.element("Name", bucket.name)
            xml.element("CreationDate", shownTime(bucket.created, call))
            xml.close("Bucket")
        }
        xml.close("Buckets")
        xml.close("ListAllMyBucketsResult")
        return .xml(xml)
    }

    func createBucket(_ call: Call) throws -> Answer {
        guard BucketName.isValid(call.bucket) else {
            throw ErrorAnswer(400, "InvalidBucketName", "The specified bucket is not valid.")
        }
        if call.payload.body.size > 0 {
            let constraint = try call.document().value("LocationConstraint") ?? ""
            guard constraint.isEmpty || region.isEmpty || constraint == region else {
                throw ErrorAnswer(
                    400, "InvalidLocationConstraint", "The specified location constraint is not this server's region.")
            }
        }
        guard try store.table.createBucket(call.bucket, created: call.now) else {
            throw ErrorAnswer(
                409, "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.")
        }
        bucketWasCreated(call.bucket)
        return Answer(headers: [HeaderField("Location", "/\(call.bucket)")])
    }

    func headBucket(_ call: Call) throws -> Answer {
        try requireBucket(call)
        return Answer(headers: region.isEmpty ? [] : [HeaderField("x-amz-bucket-region", region)])
    }

    func deleteBucket(_ call: Call) throws -> Answer {
        guard let isGone = try store.table.deleteBucket(call.bucket) else { throw ErrorAnswer.noSuchBucket }
        guard isGone else { throw ErrorAnswer.bucketNotEmpty }
        return Answer(204)
    }

    func getBucketLocation(_ call: Call) throws -> Answer {
        try requireBucket(call)
        var xml = XMLText()
        xml.open("LocationConstraint", hasNamespace: true)
        // S3's first region has no name here.
        if region != "us-east-1" { xml.text(region) }
        xml.close("LocationConstraint")
        return .xml(xml)
    }

    func getBucketVersioning(_ call: Call) throws -> Answer {
        try requireBucket(call)
        var xml = XMLText()
        xml.open("VersioningConfiguration", hasNamespace: true)
        if store.isVersioned(call.bucket) { xml.element("Status", "Enabled") }
        xml.close("VersioningConfiguration")
        return .xml(xml)
    }

    func putBucketVersioning(_ call: Call) throws -> Answer {
        try requireBucket(call)
        guard let status = try call.document().value("Status"), ["Enabled", "Suspended"].contains(status) else {
            throw ErrorAnswer.malformedXML
        }
        store.setVersioned(call.bucket, status == "Enabled")
        return Answer()
    }
}

enum BucketName {
    /// Source: "Bucket naming rules", S3 user guide.
    static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        let isAlphanumeric = { (byte: UInt8) in (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) }
        guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last, isAlphanumeric(first),
            isAlphanumeric(last)
        else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
            && !name.contains("..")
    }
}
