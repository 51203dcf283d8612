import ObjectModel

/// What each tag and each piece of text does to a listing. `sax` is where a document is refused.
extension ListingState {
    /// An element opens; `sax.depth` counts it already.
    @inline(__always)
    mutating func start(_ spelling: UnsafePointer<UInt8>, _ sax: UnsafeMutablePointer<SAXState>) {
        let name = unsafe names.name(spelling)
        if field != .other {
            unsafe sax.pointee.fail { .invalid(reason: "an element inside a value", offset: $0) }
            return
        }
        switch unsafe sax.pointee.depth {
        case 1: unsafe startRoot(name, spelling, sax)
        case 2: unsafe startInRoot(name, sax)
        case 3: unsafe startInContainer(name, sax)
        default: break
        }
    }

    @inline(never)
    private mutating func startRoot(
        _ name: ListingName, _ spelling: UnsafePointer<UInt8>, _ sax: UnsafeMutablePointer<SAXState>
    ) {
        root = name
        if name == .listBucketResult || name == .error { return }
        let shown = unsafe String(String(cString: spelling).prefix(100))
        unsafe sax.pointee.fail { .unexpectedRoot(shown, offset: $0) }
    }

    @inline(__always)
    private mutating func startInRoot(_ name: ListingName, _ sax: UnsafeMutablePointer<SAXState>) {
        if root == .error {
            switch name {
            case .code, .message, .requestID, .region: unsafe open(name, sax)
            default: break
            }
            return
        }
        switch name {
        case .contents:
            container = .contents
            entry = ListingEntry()
            seen.subtract(.entry)
            unsafe countEntry(sax)
        case .commonPrefixes:
            container = .commonPrefixes
        case .isTruncated, .nextContinuationToken, .nextMarker, .encodingType, .name:
            unsafe open(name, sax)
        default: break
        }
    }

    @inline(__always)
    private mutating func startInContainer(_ name: ListingName, _ sax: UnsafeMutablePointer<SAXState>) {
        switch (container, name) {
        case (.contents, .key):
            entry.keyOffset = UInt32(truncatingIfNeeded: keys.count)
            unsafe open(name, sax)
        case (.contents, .lastModified), (.contents, .etag), (.contents, .size), (.contents, .storageClass):
            unsafe open(name, sax)
        case (.commonPrefixes, .prefix):
            prefixes.append(ByteRange(offset: UInt32(truncatingIfNeeded: keys.count), length: 0))
            unsafe countEntry(sax)
            field = .prefix
        default: break
        }
    }

    /// Begins to collect the text of `name`, which may occur once.
    @inline(__always)
    private mutating func open(_ name: ListingName, _ sax: UnsafeMutablePointer<SAXState>) {
        guard seen.insert(ListingFields(name)).inserted else {
            unsafe sax.pointee.fail { .invalid(reason: "the value \(name) is given twice", offset: $0) }
            return
        }
        field = name
        collected.removeAll()
    }

    @inline(__always)
    private mutating func countEntry(_ sax: UnsafeMutablePointer<SAXState>) {
        entryCount += 1
        if entryCount > XMLLimit.maximumEntries {
            unsafe sax.pointee.fail { .overLimit(.elements, offset: $0) }
        }
    }

    @inline(__always)
    mutating func append(_ piece: UnsafePointer<UInt8>, _ count: Int) {
        switch field {
        case .other: break
        case .key, .prefix: unsafe keys.append(piece, count: count)
        default: unsafe collected.append(piece, count: count)
        }
    }

    /// An element closes; `sax.depth` still counts it.
    @inline(__always)
    mutating func end(_ sax: UnsafeMutablePointer<SAXState>) {
        if field != .other {
            unsafe close(sax)
            field = .other
        } else if unsafe sax.pointee.depth == 2 {
            if container == .contents { unsafe finishEntry(sax) }
            container = .none
        }
    }

    @inline(__always)
    private mutating func close(_ sax: UnsafeMutablePointer<SAXState>) {
        let raw = unsafe collected.elements
        switch field {
        case .key:
            entry.keyLength = UInt32(truncatingIfNeeded: keys.count - Int(entry.keyOffset))
        case .size:
            guard let size = unsafe ListingValues.number(ListingValues.trimmed(raw)) else {
                return unsafe sax.pointee.fail { .invalid(reason: "a Size that is no number of bytes", offset: $0) }
            }
            entry.size = size
        case .lastModified:
            guard let moment = unsafe ListingValues.timestamp(ListingValues.trimmed(raw), months) else {
                return unsafe sax.pointee.fail { .invalid(reason: "a LastModified that is no date", offset: $0) }
            }
            entry.lastModified = moment
        case .etag:
            let value = unsafe ListingValues.etag(raw)
            if unsafe !ListingValues.readETag(value, into: &entry) { unsafe storeOpaqueETag(value) }
        case .storageClass:
            unsafe storeStorageClass(ListingValues.trimmed(raw), sax)
        case .prefix:
            let last = prefixes.count - 1
            let offset = prefixes[last].offset
            prefixes[last].length = UInt32(truncatingIfNeeded: keys.count - Int(offset))
        default:
            unsafe closeInRoot(sax)
        }
    }

    @inline(__always)
    private mutating func finishEntry(_ sax: UnsafeMutablePointer<SAXState>) {
        if !seen.isSuperset(of: .needed) || entry.keyLength == 0 {
            unsafe sax.pointee.fail { .invalid(reason: "an entry lacks its Key, Size or LastModified", offset: $0) }
            return
        }
        entries.append(entry)
    }

    private mutating func storeOpaqueETag(_ value: UnsafeBufferPointer<UInt8>) {
        entry.etagKind = .opaque
        entry.etagHigh = UInt64(opaqueETags.count)
        entry.etagLow = UInt64(value.count)
        unsafe opaqueETags.append(value)
    }

    /// Finds the class in the page's table, from the last one that was added, or adds it.
    private mutating func storeStorageClass(
        _ value: UnsafeBufferPointer<UInt8>, _ sax: UnsafeMutablePointer<SAXState>
    ) {
        guard !value.isEmpty, let start = value.baseAddress else { return }
        for index in stride(from: storageClasses.count - 1, through: 0, by: -1) {
            let range = storageClasses[index]
            guard Int(range.length) == value.count else { continue }
            let known = unsafe UnsafeRawPointer(extras.base + Int(range.offset))
            // Eight bytes at a time: the commonest names have as many.
            var same = 0
            while same + 8 <= value.count,
                unsafe known.loadUnaligned(fromByteOffset: same, as: UInt64.self)
                    == UnsafeRawPointer(start).loadUnaligned(fromByteOffset: same, as: UInt64.self)
            {
                same += 8
            }
            while same < value.count, unsafe known.load(fromByteOffset: same, as: UInt8.self) == value[same] {
                same += 1
            }
            if same == value.count {
                entry.storageClass = UInt8(index + 1)
                return
            }
        }
        if storageClasses.count == XMLLimit.maximumStorageClasses {
            return unsafe sax.pointee.fail { .overLimit(.storageClasses, offset: $0) }
        }
        unsafe storageClasses.append(keep(value))
        entry.storageClass = UInt8(storageClasses.count)
    }

    @inline(never)
    private mutating func closeInRoot(_ sax: UnsafeMutablePointer<SAXState>) {
        let raw = unsafe collected.elements
        let value = unsafe ListingValues.trimmed(raw)
        switch field {
        case .isTruncated:
            guard let flag = unsafe ListingValues.flag(value) else {
                return unsafe sax.pointee.fail { .invalid(reason: "IsTruncated is no truth value", offset: $0) }
            }
            isTruncated = flag
        case .encodingType:
            // An empty element means what its absence means; any other encoding is one that keys can't be read in.
            let type = unsafe String(decoding: value, as: UTF8.self).lowercased()
            if !type.isEmpty, type != "url" {
                return unsafe sax.pointee.fail { .invalid(reason: "an unknown EncodingType", offset: $0) }
            }
            isURLEncoded = !type.isEmpty
        // A marker is a key, and so is SeaweedFS's token: their white space is their own.
        case .nextContinuationToken: nextToken = unsafe raw.isEmpty ? nil : keep(raw)
        case .nextMarker: nextMarker = unsafe raw.isEmpty ? nil : keep(raw)
        case .name: bucketName = unsafe value.isEmpty ? nil : keep(value)
        case .code: code = unsafe keep(value)
        case .message: message = unsafe keep(value)
        case .requestID: requestID = unsafe keep(value)
        case .region: region = unsafe keep(value)
        default: break
        }
    }

    private mutating func keep(_ value: UnsafeBufferPointer<UInt8>) -> ByteRange {
        let range = ByteRange(offset: UInt32(truncatingIfNeeded: extras.count), length: UInt32(value.count))
        unsafe extras.append(value)
        return range
    }
}
