import ObjectModel
import S3

extension Service {
    /// ListObjectsV2, and ListObjects for clients of old servers.
    func listObjects(_ call: Call) throws -> Answer {
        try requireBucket(call)
        let isV2 = call.operation == .listObjectsV2
        if isV2, call.behaviour.refusesListV2 { throw ErrorAnswer.notImplemented("list-type=2") }
        let request = try listingRequest(call, isV2: isV2)
        if let synthetic, let answer = try syntheticListing(synthetic, request, call, isV2: isV2) { return answer }
        var page = TablePage(store.table, call.bucket, request)
        var next = page.isTruncated ? page.entries.last?.name : nil
        apply(call.plan.lies, to: &page, &next, request)
        var answer = Answer.xml(listing(page, next: next, request, call, isV2: isV2))
        for entry in page.entries {
            if case .object = entry { answer.listed.keys += 1 } else { answer.listed.prefixes += 1 }
        }
        for case .truncatedXML(let count) in call.plan.lies {
            if case .bytes(let bytes) = answer.body { answer.body = .bytes(Array(bytes.prefix(count))) }
        }
        return answer
    }

    private func listingRequest(_ call: Call, isV2: Bool) throws -> TablePage.Request {
        let head = call.head
        if let encoding = head.query("encoding-type"), !encoding.isEmpty, encoding.lowercased() != "url" {
            throw ErrorAnswer.invalidArgument("Invalid Encoding Method specified in Request.")
        }
        var after = head.queryBytes(isV2 ? "start-after" : "marker")
        if isV2, let token = head.queryBytes("continuation-token") {
            // What stands behind a point only tells one token from another.
            guard !token.isEmpty, let name = Hexadecimal.decode(token.prefix { $0 != UInt8(ascii: ".") }) else {
                throw ErrorAnswer.invalidArgument("The continuation token provided is incorrect.")
            }
            after = name
        }
        let limit = try head.number("max-keys", in: 0...Int(Int32.max)) ?? 1000
        return TablePage.Request(
            prefix: ObjectKey(bytes: head.queryBytes("prefix") ?? []), delimiter: head.queryBytes("delimiter") ?? [],
            after: after.flatMap { $0.isEmpty ? nil : ObjectKey(bytes: $0) },
            limit: min(limit, max(1, call.behaviour.pageSize)), order: call.behaviour.listOrder)
    }

    /// Makes a page wrong. `next` is where the following one begins, nil for a page that is the last.
    private func apply(
        _ lies: [ListingLie], to page: inout TablePage, _ next: inout ObjectKey?, _ request: TablePage.Request
    ) {
        for lie in lies {
            switch lie {
            case .reordered: page.entries.reverse()
            case .repeated:
                page.isTruncated = true
                next = request.after ?? ObjectKey(bytes: [0])
            case .endless:
                if !page.isTruncated {
                    page.isTruncated = true
                    next = page.entries.last?.name ?? request.after ?? ObjectKey(bytes: [0])
                }
            case .missingToken:
                page.isTruncated = true
                next = nil
            case .missingEntry(let index):
                if page.entries.indices.contains(index) { page.entries.remove(at: index) }
            case .empty:
                page.entries = []
                page.isTruncated = false
                next = nil
            case .truncatedXML: break
            }
        }
    }

    private func listing(
        _ page: TablePage, next: ObjectKey?, _ request: TablePage.Request, _ call: Call, isV2: Bool
    ) -> XMLText {
        var xml = listingHead(
            page.entries.count, isTruncated: page.isTruncated, next: next, request, call, isV2: isV2)
        let text = listedText(call)
        for case .object(let object) in page.entries {
            append(object, key: text(object.key.bytes), call, to: &xml)
        }
        appendPrefixes(
            page.entries.compactMap { if case .prefix(let prefix) = $0 { prefix } else { nil } }, call, to: &xml)
        xml.close("ListBucketResult")
        return xml
    }

    private func isEncoded(_ call: Call) -> Bool {
        call.head.query("encoding-type")?.lowercased() == "url" && !call.behaviour.ignoresEncodingType
    }

    /// How a listing writes keys and parts of them.
    private func listedText(_ call: Call) -> ([UInt8]) -> [UInt8] {
        isEncoded(call) ? { PercentEncoding.encodeForListing($0) } : { $0 }
    }

    func appendPrefixes(_ prefixes: [ObjectKey], _ call: Call, to xml: inout XMLText) {
        let text = listedText(call)
        for prefix in prefixes {
            xml.open("CommonPrefixes")
            xml.element("Prefix", bytes: text(prefix.bytes))
            xml.close("CommonPrefixes")
        }
    }

    /// A listing's document up to its first entry, of `count` in all.
    func listingHead(
        _ count: Int, isTruncated: Bool, next: ObjectKey?, _ request: TablePage.Request, _ call: Call, isV2: Bool
    ) -> XMLText {
        let text = listedText(call)
        var xml = XMLText()
        xml.open("ListBucketResult", hasNamespace: true)
        xml.element("Name", call.bucket)
        xml.element("Prefix", bytes: text(request.prefix.bytes))
        if !request.delimiter.isEmpty { xml.element("Delimiter", bytes: text(request.delimiter)) }
        xml.element("MaxKeys", request.limit)
        if isEncoded(call) { xml.element("EncodingType", "url") }
        xml.element("IsTruncated", isTruncated)
        if isV2 {
            xml.element("KeyCount", count)
            if let start = call.head.queryBytes("start-after") { xml.element("StartAfter", bytes: text(start)) }
            if let token = call.head.query("continuation-token") { xml.element("ContinuationToken", token) }
            if let next { xml.element("NextContinuationToken", token(next, call.plan.lies)) }
        } else {
            xml.element("Marker", bytes: text(call.head.queryBytes("marker") ?? []))
            // S3 names it only under a delimiter; a client takes the last key otherwise.
            if let next, !request.delimiter.isEmpty { xml.element("NextMarker", bytes: text(next.bytes)) }
        }
        return xml
    }

    private func token(_ next: ObjectKey, _ lies: [ListingLie]) -> String {
        let name = Hexadecimal.encode(next.bytes)
        for case .endless(isMoving: true) in lies { return "\(name).\(store.newID())" }
        return name
    }

    private func append(_ object: StoredObject, key: [UInt8], _ call: Call, to xml: inout XMLText) {
        xml.open("Contents")
        xml.element("Key", bytes: key)
        xml.element("LastModified", shownTime(object.modified, call))
        xml.element("ETag", call.quoted(object.etag))
        xml.element("Size", object.size)
        if tellsOwner(call) {
            xml.open("Owner")
            xml.element("ID", "sandbox")
            xml.element("DisplayName", "sandbox")
            xml.close("Owner")
        }
        xml.element("StorageClass", object.storageClass)
        xml.close("Contents")
    }

    func tellsOwner(_ call: Call) -> Bool {
        call.operation == .listObjects || call.head.query("fetch-owner") == "true"
    }

    /// A time as documents have it.
    func shownTime(_ time: Timestamp, _ call: Call) -> String {
        (call.behaviour.hasSecondGranularity ? Timestamp(seconds: time.seconds) : time).iso8601
    }

    /// ListObjectVersions: every version and delete marker, key by key, newest first.
    func listObjectVersions(_ call: Call) throws -> Answer {
        try requireBucket(call)
        guard let table = store.table as? any VersionedListing else { throw ErrorAnswer.notImplemented("versions") }
        let head = call.head
        let prefix = ObjectKey(bytes: head.queryBytes("prefix") ?? [])
        let limit = min(try head.number("max-keys", in: 0...Int(Int32.max)) ?? 1000, call.behaviour.pageSize)
        let keyMarker = ObjectKey(bytes: head.queryBytes("key-marker") ?? [])
        let idMarker = head.query("version-id-marker") ?? ""
        let isEncoded = head.query("encoding-type")?.lowercased() == "url" && !call.behaviour.ignoresEncodingType
        let text = { (bytes: [UInt8]) in isEncoded ? PercentEncoding.encodeForListing(bytes) : bytes }

        var found: [(object: StoredObject, isLatest: Bool)] = []
        for key in table.allKeys(in: call.bucket) where key.hasPrefix(prefix) && !(key < keyMarker) {
            if key == keyMarker, idMarker.isEmpty { continue }
            let versions = store.table.versions(of: key, in: call.bucket)
            let marked = key == keyMarker ? versions.firstIndex { $0.versionID == idMarker } : nil
            for (index, version) in versions.enumerated() where index > marked ?? -1 {
                found.append((version, index == 0))
            }
            if found.count > limit { break }
        }
        let isTruncated = found.count > limit
        found = Array(found.prefix(limit))

        var xml = XMLText()
        xml.open("ListVersionsResult", hasNamespace: true)
        xml.element("Name", call.bucket)
        xml.element("Prefix", bytes: text(prefix.bytes))
        xml.element("KeyMarker", bytes: text(keyMarker.bytes))
        xml.element("VersionIdMarker", idMarker)
        xml.element("MaxKeys", limit)
        if isEncoded { xml.element("EncodingType", "url") }
        xml.element("IsTruncated", isTruncated)
        if isTruncated, let last = found.last?.object {
            xml.element("NextKeyMarker", bytes: text(last.key.bytes))
            xml.element("NextVersionIdMarker", last.versionID)
        }
        for (object, isLatest) in found {
            let element = object.isDeleteMarker ? "DeleteMarker" : "Version"
            xml.open(element)
            xml.element("Key", bytes: text(object.key.bytes))
            xml.element("VersionId", object.versionID)
            xml.element("IsLatest", isLatest)
            xml.element("LastModified", shownTime(object.modified, call))
            if !object.isDeleteMarker {
                xml.element("ETag", call.quoted(object.etag))
                xml.element("Size", object.size)
                xml.element("StorageClass", object.storageClass)
            }
            xml.close(element)
        }
        xml.close("ListVersionsResult")
        return .xml(xml)
    }
}
