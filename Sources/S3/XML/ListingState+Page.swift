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
    func page(offset: Int) throws(XMLError) -> ListingPage {
        guard let isTruncated = isTruncated else {
            throw .invalid(reason: "IsTruncated is missing", offset: offset)
        }
        var decoded = unsafe [ListingEntry](UnsafeBufferPointer(start: entries.base, count: entries.count))
        let keys = try decodeKeys(&decoded, offset: offset)
        var commonPrefixes: [ObjectKey] = []
        for index in 0..<prefixes.count {
            let range = unsafe prefixes.base[index]
            unsafe try commonPrefixes.append(decodeKey(self.keys.base, range, offset: offset))
        }
        var marker: ObjectKey?
        if let range = nextMarker { marker = unsafe try decodeKey(extras.base, range, offset: offset) }
        return unsafe ListingPage(
            keys: keys,
            opaqueETags: Array(UnsafeBufferPointer(start: opaqueETags.base, count: opaqueETags.count)),
            entries: decoded,
            storageClasses: (0..<storageClasses.count).map { unsafe text(storageClasses.base[$0]) ?? "" },
            commonPrefixes: commonPrefixes, isTruncated: isTruncated, nextToken: text(nextToken), nextMarker: marker,
            isURLEncoded: isURLEncoded, bucketName: text(bucketName))
    }

    /// The keys' bytes one behind the other; `entries` are set to where they lie now.
    private func decodeKeys(_ entries: inout [ListingEntry], offset: Int) throws(XMLError) -> [UInt8] {
        let source = unsafe keys.base
        guard isURLEncoded else { return unsafe Array(UnsafeBufferPointer(start: source, count: keys.count)) }
        var malformed: Int?
        let decoded = unsafe [UInt8](unsafeUninitializedCapacity: keys.count) { output, written in
            guard let output = output.baseAddress else { return }
            for index in entries.indices {
                let start = Int(entries[index].keyOffset)
                let length = unsafe Self.decode(source + start, Int(entries[index].keyLength), into: output + written)
                if length < 0 {
                    malformed = index
                    return
                }
                entries[index].keyOffset = UInt32(truncatingIfNeeded: written)
                entries[index].keyLength = UInt32(truncatingIfNeeded: length)
                written += length
            }
        }
        if let malformed {
            throw .invalid(reason: "the key of entry \(malformed) has a % without two digits", offset: offset)
        }
        return decoded
    }

    private func decodeKey(
        _ base: UnsafePointer<UInt8>, _ range: ByteRange, offset: Int
    ) throws(XMLError) -> ObjectKey {
        let bytes = unsafe Array(UnsafeBufferPointer(start: base + Int(range.offset), count: Int(range.length)))
        guard isURLEncoded else { return ObjectKey(bytes: bytes) }
        guard let decoded = URIEncoding.decode(bytes, plusIsSpace: true) else {
            throw .invalid(reason: "a prefix or marker has a % without two digits", offset: offset)
        }
        return ObjectKey(bytes: decoded)
    }

    /// Decodes `+` and `%XX`; the length of what it wrote, at most `count`, or -1 for a `%` without two digits.
    @inline(__always)
    private static func decode(
        _ source: UnsafePointer<UInt8>, _ count: Int, into output: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var read = 0
        var written = 0
        while read < count {
            var byte = unsafe source[read]
            read += 1
            if byte == UInt8(ascii: "%") {
                guard read + 1 < count, let high = unsafe URIEncoding.value(of: source[read]),
                    let low = unsafe URIEncoding.value(of: source[read + 1])
                else { return -1 }
                byte = high << 4 | low
                read += 2
            } else if byte == UInt8(ascii: "+") {
                byte = 0x20
            }
            unsafe output[written] = byte
            written += 1
        }
        return written
    }
}
