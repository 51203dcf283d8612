import ObjectModel
import S3

extension Service {
    /// The key under which a write is stored.
    /// - Throws: `NoSuchBucket`, `KeyTooLongError`, and what this server has against the key.
    func admittedKey(_ call: Call) throws(ErrorAnswer) -> ObjectKey {
        try requireBucket(call)
        guard call.key.bytes.count <= 1024 else { throw ErrorAnswer(400, "KeyTooLongError", "Your key is too long.") }
        try call.behaviour.admit(call.key)
        return call.behaviour.stored(call.key)
    }

    func putObject(_ call: Call) throws -> Answer {
        let key = try admittedKey(call)
        let object = StoredObject(
            key: key, body: call.payload.body, etag: store.etag(md5: call.payload.md5), modified: call.now,
            id: store.newID(), headers: try ObjectAttributes.headers(call), tags: try ObjectAttributes.tags(call),
            checksums: call.payload.checksums)
        let conditions = Preconditions(call.head)
        let stored = try store.commit(object, to: call.bucket, event: call.event("ObjectCreated:Put")) {
            try conditions.checkWrite($0, call.behaviour)
        }
        return Answer(headers: resultHeaders(stored, call))
    }

    /// ETag, version and checksums as the answer to a write has them.
    func resultHeaders(_ object: StoredObject, _ call: Call) -> [HeaderField] {
        var fields: [HeaderField] = []
        let etag = call.quoted(object.etag)
        if !etag.isEmpty { fields.append(HeaderField("ETag", etag)) }
        if object.isVersioned { fields.append(HeaderField("x-amz-version-id", object.versionID)) }
        return fields + object.checksums.map { HeaderField($0.name, $0.value) }
    }

    /// The object that `x-amz-copy-source` names, if it meets the conditions of the request.
    func copySource(_ call: Call) throws(ErrorAnswer) -> (bucket: String, object: StoredObject) {
        let text = Array((call.head.header("x-amz-copy-source") ?? "").utf8)
        let question = text.lastIndex(of: UInt8(ascii: "?"))
        let path = PercentEncoding.decode(text[..<(question ?? text.endIndex)]).drop { $0 == UInt8(ascii: "/") }
        guard let slash = path.firstIndex(of: UInt8(ascii: "/")), path.index(after: slash) < path.endIndex else {
            throw .invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey.")
        }
        let query = SignatureV4.items(received: question.map { Array(text[($0 + 1)...]) } ?? [])
        let version = query.first { $0.name.elementsEqual("versionId".utf8) }
        let bucket = String(decoding: path[..<slash], as: UTF8.self)
        let object = try requireObject(
            bucket, ObjectKey(bytes: Array(path[path.index(after: slash)...])),
            versionID: version.map { String(decoding: $0.value, as: UTF8.self) }, call.behaviour)
        let conditions = Preconditions(call.head, prefix: "x-amz-copy-source-")
        guard try !conditions.isUnmodified(object) else { throw .preconditionFailed }
        return (bucket, object)
    }

    func copyObject(_ call: Call) throws -> Answer {
        let key = try admittedKey(call)
        let (bucket, source) = try copySource(call)
        let replacesMetadata = try replaces(call, "x-amz-metadata-directive")
        let replacesTags = try replaces(call, "x-amz-tagging-directive")
        let isSelf = bucket == call.bucket && source.key == key
        guard !isSelf || replacesMetadata || call.head.header("x-amz-storage-class") != nil else {
            throw ErrorAnswer.invalidRequest(
                "An object cannot be copied to itself without a change of its metadata or storage class.")
        }
        guard source.size <= 5 << 30 else {
            throw ErrorAnswer.invalidRequest("The copy source is larger than the 5 GiB that a copy may have.")
        }
        var object = source
        object.key = key
        object.id = store.newID()
        object.modified = call.now
        object.isDeleteMarker = false
        if replacesMetadata {
            object.headers = try ObjectAttributes.headers(call)
        } else if let storageClass = call.head.header("x-amz-storage-class") {
            object.headers.removeAll { $0.name == "x-amz-storage-class" }
            object.headers.append(ObjectHeaders.NameValue("x-amz-storage-class", storageClass))
        }
        if replacesTags { object.tags = try ObjectAttributes.tags(call) }
        if !call.behaviour.keepsETagOnCopy {
            object.etag = store.etag(md5: try source.body.md5())
            object.parts = []
        }
        let conditions = Preconditions(call.head)
        let stored = try store.commit(object, to: call.bucket, event: call.event("ObjectCreated:Copy")) {
            try conditions.checkWrite($0, call.behaviour)
        }
        var xml = XMLText()
        xml.open("CopyObjectResult", hasNamespace: true)
        xml.element("LastModified", shownTime(stored.modified, call))
        xml.element("ETag", call.quoted(stored.etag))
        xml.close("CopyObjectResult")
        var answer = Answer.xml(xml)
        if stored.isVersioned { answer.set("x-amz-version-id", stored.versionID) }
        if source.isVersioned { answer.set("x-amz-copy-source-version-id", source.versionID) }
        return answer
    }

    private func replaces(_ call: Call, _ header: String) throws(ErrorAnswer) -> Bool {
        switch call.head.header(header) ?? "COPY" {
        case "COPY": return false
        case "REPLACE": return true
        default: throw .invalidArgument("Unknown value of \(header).")
        }
    }

    func deleteObject(_ call: Call) throws -> Answer {
        let deletion = try store.delete(
            call.behaviour.stored(call.key), in: call.bucket,
            versionID: call.head.query("versionId").flatMap { $0.isEmpty ? nil : $0 }, event: call.event(""))
        var answer = Answer(204)
        if let version = deletion.versionID { answer.set("x-amz-version-id", version) }
        if deletion.isDeleteMarker { answer.set("x-amz-delete-marker", "true") }
        return answer
    }

    func deleteObjects(_ call: Call) throws -> Answer {
        try requireBucket(call)
        // MinIO insists on the MD5; S3 would take an additional checksum in its place.
        guard call.head.header("content-md5") != nil || !call.payload.checksums.isEmpty else {
            throw ErrorAnswer.missingContentMD5
        }
        let document = try call.document()
        let entries = document.all("Object")
        guard document.name == "Delete", (1...1000).contains(entries.count) else { throw ErrorAnswer.malformedXML }
        let isQuiet = document.value("Quiet") == "true"
        var xml = XMLText()
        xml.open("DeleteResult", hasNamespace: true)
        for entry in entries {
            guard let key = entry.first("Key")?.text, !key.isEmpty else { throw ErrorAnswer.malformedXML }
            if let refusal = call.behaviour.lock(on: ObjectKey(bytes: key)) {
                xml.open("Error")
                xml.element("Key", bytes: key)
                xml.element("Code", refusal.code)
                xml.element("Message", "The object is locked.")
                xml.close("Error")
                continue
            }
            let deletion = try store.delete(
                call.behaviour.stored(ObjectKey(bytes: key)), in: call.bucket, versionID: entry.value("VersionId"),
                event: call.event(""))
            if isQuiet { continue }
            xml.open("Deleted")
            xml.element("Key", bytes: key)
            if let version = entry.value("VersionId") { xml.element("VersionId", version) }
            if deletion.isDeleteMarker {
                xml.element("DeleteMarker", true)
                xml.element("DeleteMarkerVersionId", deletion.versionID ?? "")
            }
            xml.close("Deleted")
        }
        xml.close("DeleteResult")
        return .xml(xml)
    }
}
