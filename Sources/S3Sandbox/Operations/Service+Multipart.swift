import ObjectModel
import S3

extension Service {
    func createMultipartUpload(_ call: Call) throws -> Answer {
        let key = try admittedKey(call)
        let upload = UploadTable.Upload(
            id: store.newID() + RandomText.hexadecimal(bytes: 8), bucket: call.bucket, key: key, initiated: call.now,
            headers: try ObjectAttributes.headers(call), tags: try ObjectAttributes.tags(call))
        store.uploads.begin(upload)
        var xml = XMLText()
        xml.open("InitiateMultipartUploadResult", hasNamespace: true)
        xml.element("Bucket", call.bucket)
        xml.element("Key", bytes: call.key.bytes)
        xml.element("UploadId", upload.id)
        xml.close("InitiateMultipartUploadResult")
        return .xml(xml)
    }

    /// The upload that a request names.
    private func requireUpload(_ call: Call) throws(ErrorAnswer) -> UploadTable.Upload {
        try requireBucket(call)
        return try store.uploads.find(
            call.head.query("uploadId") ?? "", call.behaviour.stored(call.key), in: call.bucket)
    }

    private func requirePartNumber(_ call: Call) throws(ErrorAnswer) -> Int {
        guard let number = try call.head.number("partNumber", in: 1...10_000) else {
            throw .invalidArgument("A part needs its number.")
        }
        return number
    }

    func uploadPart(_ call: Call) throws -> Answer {
        let number = try requirePartNumber(call)
        let upload = try requireUpload(call)
        let part = UploadTable.Part(
            number: number, body: call.payload.body, md5: call.payload.md5, etag: store.etag(md5: call.payload.md5),
            modified: call.now)
        try store.uploads.add(part, to: upload.id)
        var answer = Answer()
        let etag = call.quoted(part.etag)
        if !etag.isEmpty { answer.set("ETag", etag) }
        for checksum in call.payload.checksums { answer.set(checksum.name, checksum.value) }
        return answer
    }

    func uploadPartCopy(_ call: Call) throws -> Answer {
        let number = try requirePartNumber(call)
        let upload = try requireUpload(call)
        let (_, source) = try copySource(call)
        var range = 0..<source.size
        if let text = call.head.header("x-amz-copy-source-range") {
            guard let chosen = try RangeHeader.parse(text, size: source.size) else {
                throw ErrorAnswer.invalidArgument(
                    "The x-amz-copy-source-range value must be of the form bytes=first-last.")
            }
            range = chosen
        }
        let body = SlicedBody(source.body, range)
        let md5 = try body.md5()
        let part = UploadTable.Part(
            number: number, body: body, md5: md5, etag: store.etag(md5: md5), modified: call.now)
        try store.uploads.add(part, to: upload.id)
        var xml = XMLText()
        xml.open("CopyPartResult", hasNamespace: true)
        xml.element("LastModified", shownTime(part.modified, call))
        xml.element("ETag", call.quoted(part.etag))
        xml.close("CopyPartResult")
        return .xml(xml)
    }

    func completeMultipartUpload(_ call: Call) throws -> Answer {
        let upload = try requireUpload(call)
        let parts = try chosenParts(of: upload, call)
        let object = StoredObject(
            key: upload.key, body: JoinedBody(parts.map(\.body)), etag: store.etag(partMD5s: parts.map(\.md5)),
            modified: call.now, id: store.newID(), headers: upload.headers, tags: upload.tags,
            parts: parts.enumerated().map { index, part in
                StoredObject.Part(number: index + 1, size: part.body.size, etag: part.etag)
            })
        let conditions = Preconditions(call.head)
        let stored = try store.commit(
            object, to: call.bucket, event: call.event("ObjectCreated:CompleteMultipartUpload")
        ) { present in
            try conditions.checkWrite(present, call.behaviour)
            // Under the lock of the key: of two completions one finds the upload gone.
            guard store.uploads.end(upload.id) else { throw ErrorAnswer.noSuchUpload }
        }
        var xml = XMLText()
        xml.open("CompleteMultipartUploadResult", hasNamespace: true)
        xml.element("Location", call.resource)
        xml.element("Bucket", call.bucket)
        xml.element("Key", bytes: call.key.bytes)
        xml.element("ETag", call.quoted(stored.etag))
        xml.close("CompleteMultipartUploadResult")
        var answer = Answer.xml(xml)
        if stored.isVersioned { answer.set("x-amz-version-id", stored.versionID) }
        return answer
    }

    /// The parts that the document lists, which must be there, in ascending order and large enough.
    private func chosenParts(of upload: UploadTable.Upload, _ call: Call) throws -> [UploadTable.Part] {
        let document = try call.document()
        guard document.name == "CompleteMultipartUpload", !document.all("Part").isEmpty else {
            throw ErrorAnswer.malformedXML
        }
        var chosen: [UploadTable.Part] = []
        for entry in document.all("Part") {
            guard let number = entry.value("PartNumber").flatMap({ Int($0) }), let etag = entry.value("ETag") else {
                throw ErrorAnswer.malformedXML
            }
            if let last = chosen.last, number <= last.number { throw ErrorAnswer.invalidPartOrder }
            guard let part = upload.parts[number], etag.filter({ $0 != "\"" }) == part.etag else {
                throw ErrorAnswer.invalidPart.detail("PartNumber", "\(number)")
            }
            chosen.append(part)
        }
        for part in chosen.dropLast() where part.body.size < call.behaviour.minimumPartSize {
            throw ErrorAnswer.entityTooSmall.detail("PartNumber", "\(part.number)")
                .detail("ProposedSize", "\(part.body.size)")
        }
        return chosen
    }

    func abortMultipartUpload(_ call: Call) throws -> Answer {
        let upload = try requireUpload(call)
        guard store.uploads.end(upload.id) else { throw ErrorAnswer.noSuchUpload }
        return Answer(204)
    }

    func listParts(_ call: Call) throws -> Answer {
        let upload = try requireUpload(call)
        let marker = try call.head.number("part-number-marker", in: 0...Int(Int32.max)) ?? 0
        let limit = min(try call.head.number("max-parts", in: 0...Int(Int32.max)) ?? 1000, call.behaviour.pageSize)
        let rest = upload.sortedParts.filter { $0.number > marker }
        var xml = XMLText()
        xml.open("ListPartsResult", hasNamespace: true)
        xml.element("Bucket", call.bucket)
        xml.element("Key", bytes: call.key.bytes)
        xml.element("UploadId", upload.id)
        xml.element("PartNumberMarker", marker)
        xml.element("NextPartNumberMarker", rest.prefix(limit).last?.number ?? marker)
        xml.element("MaxParts", limit)
        xml.element("IsTruncated", rest.count > limit)
        xml.element("StorageClass", upload.headers.first { $0.name == "x-amz-storage-class" }?.value ?? "STANDARD")
        for part in rest.prefix(limit) {
            xml.open("Part")
            xml.element("PartNumber", part.number)
            xml.element("LastModified", shownTime(part.modified, call))
            xml.element("ETag", call.quoted(part.etag))
            xml.element("Size", part.body.size)
            xml.close("Part")
        }
        xml.close("ListPartsResult")
        return .xml(xml)
    }

    func listMultipartUploads(_ call: Call) throws -> Answer {
        try requireBucket(call)
        let prefix = ObjectKey(bytes: call.head.queryBytes("prefix") ?? [])
        let keyMarker = ObjectKey(bytes: call.head.queryBytes("key-marker") ?? [])
        let idMarker = call.head.query("upload-id-marker") ?? ""
        let limit = min(try call.head.number("max-uploads", in: 0...Int(Int32.max)) ?? 1000, call.behaviour.pageSize)
        let isEncoded = call.head.query("encoding-type") == "url" && !call.behaviour.ignoresEncodingType
        let text = { (bytes: [UInt8]) in isEncoded ? PercentEncoding.encodeForListing(bytes) : bytes }
        let rest = store.uploads.all(in: call.bucket).filter { upload in
            upload.key.hasPrefix(prefix)
                && (keyMarker < upload.key || keyMarker == upload.key && !idMarker.isEmpty && upload.id > idMarker)
        }
        var xml = XMLText()
        xml.open("ListMultipartUploadsResult", hasNamespace: true)
        xml.element("Bucket", call.bucket)
        xml.element("KeyMarker", bytes: text(keyMarker.bytes))
        xml.element("UploadIdMarker", idMarker)
        xml.element("Prefix", bytes: text(prefix.bytes))
        if isEncoded { xml.element("EncodingType", "url") }
        xml.element("MaxUploads", limit)
        xml.element("IsTruncated", rest.count > limit)
        if rest.count > limit, let last = rest.prefix(limit).last {
            xml.element("NextKeyMarker", bytes: text(last.key.bytes))
            xml.element("NextUploadIdMarker", last.id)
        }
        for upload in rest.prefix(limit) {
            xml.open("Upload")
            xml.element("Key", bytes: text(upload.key.bytes))
            xml.element("UploadId", upload.id)
            xml.element("Initiated", shownTime(upload.initiated, call))
            xml.element("StorageClass", "STANDARD")
            xml.close("Upload")
        }
        xml.close("ListMultipartUploadsResult")
        return .xml(xml)
    }
}
