import ObjectModel
import S3

extension Service {
    /// GetObject and HeadObject.
    func getObject(_ call: Call) throws -> Answer {
        let object = try requireObject(call)
        if try Preconditions(call.head).isUnmodified(object) {
            let headers = entityHeaders(object, call).filter { !$0.name.hasPrefix("x-amz-checksum-") }
            return Answer(304, headers: headers)
        }
        if call.operation == .getObject, ["GLACIER", "DEEP_ARCHIVE"].contains(object.storageClass) {
            throw ErrorAnswer(
                403, "InvalidObjectState", "The operation is not valid for the object's storage class.")
        }
        var answer = Answer(headers: entityHeaders(object, call), body: .object(object.body, 0..<object.size))
        if let number = try call.head.number("partNumber", in: 1...10_000), !call.behaviour.ignoresPartNumber {
            try choosePart(number, of: object, call, &answer)
        } else if let text = call.head.header("range"),
            let range = try RangeHeader.parse(text, size: object.size)
        {
            choose(range, of: object, &answer)
        }
        return answer
    }

    private func choose(_ range: Range<Int64>, of object: StoredObject, _ answer: inout Answer) {
        answer.status = 206
        answer.set("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.size)")
        answer.body = .object(object.body, range)
    }

    private func choosePart(_ number: Int, of object: StoredObject, _ call: Call, _ answer: inout Answer) throws {
        let invalid = ErrorAnswer(416, "InvalidPartNumber", "The requested partnumber is not satisfiable.")
        if object.parts.isEmpty {
            guard number == 1 else { throw invalid }
            if object.size > 0 { choose(0..<object.size, of: object, &answer) } else { answer.status = 206 }
            return
        }
        guard number <= object.parts.count else { throw invalid }
        let start = object.parts.prefix(number - 1).reduce(0) { $0 + $1.size }
        let part = object.parts[number - 1]
        if part.size > 0 { choose(start..<start + part.size, of: object, &answer) }
        answer.set("x-amz-mp-parts-count", "\(object.parts.count)")
        if call.behaviour.showsPartETag {
            answer.headers.removeAll { $0.name == "ETag" }
            answer.set("ETag", "\"\(part.etag)\"")
        }
    }

    /// Everything that an answer says of an object besides its length.
    private func entityHeaders(_ object: StoredObject, _ call: Call) -> [HeaderField] {
        var fields = [HeaderField("Accept-Ranges", "bytes"), HeaderField("Last-Modified", object.modified.httpDate)]
        let etag = call.quoted(object.etag)
        if !etag.isEmpty { fields.append(HeaderField("ETag", etag)) }
        let chosen = call.head.items.filter { $0.name.starts(with: "response-".utf8) }
        for header in object.headers where header.name != "content-type" {
            fields.append(HeaderField(header.name, header.value))
        }
        fields.append(HeaderField("Content-Type", object.header("content-type") ?? "binary/octet-stream"))
        for item in chosen {
            let name = String(decoding: item.name.dropFirst("response-".utf8.count), as: UTF8.self)
            fields.removeAll { $0.name.lowercased() == name }
            fields.append(HeaderField(name, String(decoding: item.value, as: UTF8.self)))
        }
        if !object.tags.isEmpty { fields.append(HeaderField("x-amz-tagging-count", "\(object.tags.count)")) }
        if object.isVersioned { fields.append(HeaderField("x-amz-version-id", object.versionID)) }
        // A checksum is of the whole object, so a client must not hold part of it against it.
        let isPart = call.head.header("range") != nil || call.head.hasQuery("partNumber")
        if call.head.header("x-amz-checksum-mode")?.lowercased() == "enabled", !isPart {
            for checksum in object.checksums { fields.append(HeaderField(checksum.name, checksum.value)) }
        }
        return fields
    }

    func getObjectAttributes(_ call: Call) throws -> Answer {
        if call.behaviour.refusesAttributes { throw ErrorAnswer.internalError }
        let object = try requireObject(call)
        let list = call.head.header("x-amz-object-attributes") ?? ""
        let names = Set(list.split(separator: ",").map { $0.filter { $0 != " " } })
        guard !names.isEmpty else { throw ErrorAnswer.invalidArgument("x-amz-object-attributes names no attribute.") }
        var xml = XMLText()
        xml.open("GetObjectAttributesResponse", hasNamespace: true)
        if names.contains("ETag") { xml.element("ETag", call.shown(object.etag)) }
        if names.contains("ObjectParts"), !object.parts.isEmpty { appendParts(of: object, call, to: &xml) }
        if names.contains("StorageClass") { xml.element("StorageClass", object.storageClass) }
        if names.contains("ObjectSize") { xml.element("ObjectSize", object.size) }
        xml.close("GetObjectAttributesResponse")
        var answer = Answer.xml(xml)
        answer.set("Last-Modified", object.modified.httpDate)
        return answer
    }

    private func appendParts(of object: StoredObject, _ call: Call, to xml: inout XMLText) {
        let marker = call.head.header("x-amz-part-number-marker").flatMap { Int($0) } ?? 0
        let limit = call.head.header("x-amz-max-parts").flatMap { Int($0) } ?? 1000
        let rest = object.parts.filter { $0.number > marker }
        xml.open("ObjectParts")
        xml.element("TotalPartsCount", object.parts.count)
        xml.element("PartNumberMarker", marker)
        xml.element("NextPartNumberMarker", rest.prefix(limit).last?.number ?? marker)
        xml.element("MaxParts", limit)
        xml.element("IsTruncated", rest.count > limit)
        for part in rest.prefix(limit) {
            xml.open("Part")
            xml.element("PartNumber", part.number)
            xml.element("Size", part.size)
            xml.close("Part")
        }
        xml.close("ObjectParts")
    }
}
