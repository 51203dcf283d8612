import ObjectModel

/// Making a page of a parsed listing. Keys are decoded only now, because `EncodingType` may follow them.
extension ListingState {
    func text(_ range: ByteRange?) -> String? {
        guard let range else { return nil }
        let bytes = unsafe UnsafeBufferPointer(start: extras.base + Int(range.offset), count: Int(range.length))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    func errorDocument() -> XMLError.ErrorDocument {
        XMLError.ErrorDocument(
            code: text(code) ?? "", message: text(message) ?? "", requestID: text(requestID) ?? "",
            region: text(region) ?? "")
    }

    /// The page, from arrays of exactly its size. `offset` is the document's length, for errors.
    mutating func page(offset: Int) throws(XMLError) -> ListingDocument {
        guard let isTruncated = isTruncated else {
            throw .invalid(reason: "IsTruncated is missing", offset: offset)
        }
        let keys = try decodeKeys(offset: offset)
        var commonPrefixes: [ObjectKey] = []
        for index in 0..<prefixes.count {
            let range = prefixes[index]
            guard let prefix = unsafe decodedKey(self.keys.base, range) else {
                throw .invalid(reason: "a common prefix has a % without two digits", offset: offset)
            }
            commonPrefixes.append(prefix)
        }
        // SeaweedFS and rclone encode keys and prefixes but not the marker: one that can't be decoded is such a one.
        let marker = nextMarker.flatMap { range in
            unsafe decodedKey(extras.base, range) ?? text(range).map { ObjectKey($0) }
        }
        let page = unsafe ListingPage(
            keys: keys,
            opaqueETags: opaqueETags.array,
            entries: Array(entries.elements),
            storageClasses: (0..<storageClasses.count).map { text(storageClasses[$0]) ?? "" })
        return ListingDocument(
            page: page, commonPrefixes: commonPrefixes, isTruncated: isTruncated, nextToken: text(nextToken),
            nextMarker: marker,
            isURLEncoded: isURLEncoded, bucketName: text(bucketName))
    }

    /// The keys' bytes one behind the other; `entries` are set to where they lie now.
    private mutating func decodeKeys(offset: Int) throws(XMLError) -> [UInt8] {
        // An empty array made this way is written to, and all empty arrays are one: a race.
        guard isURLEncoded, keys.count > 0 else { return keys.array }
        let capacity = keys.count
        let source = unsafe keys.base
        let entries = unsafe entries.base
        var malformed: Int?
        let count = self.entries.count
        let decoded = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { output, written in
            for index in 0..<count {
                let key = unsafe UnsafeBufferPointer(
                    start: source + Int(entries[index].keyOffset), count: Int(entries[index].keyLength))
                let rest = unsafe UnsafeMutableBufferPointer(rebasing: output[written...])
                guard let length = unsafe ListingValues.decode(key, into: rest) else {
                    malformed = index
                    return
                }
                unsafe entries[index].keyOffset = UInt32(truncatingIfNeeded: written)
                unsafe entries[index].keyLength = UInt32(truncatingIfNeeded: length)
                written += length
            }
        }
        if let malformed {
            throw .invalid(reason: "the key of entry \(malformed) has a % without two digits", offset: offset)
        }
        return decoded
    }

    private func decodedKey(_ base: UnsafePointer<UInt8>, _ range: ByteRange) -> ObjectKey? {
        let bytes = unsafe Array(UnsafeBufferPointer(start: base + Int(range.offset), count: Int(range.length)))
        guard isURLEncoded else { return ObjectKey(bytes: bytes) }
        return URIEncoding.decode(bytes, plusIsSpace: true).map { ObjectKey(bytes: $0) }
    }
}
