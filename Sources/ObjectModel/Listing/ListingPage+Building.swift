extension ListingPage {
    /// A page of these objects in this order; at most 10,000 and 250 storage classes, as from a server.
    public convenience init(_ objects: [ListedObject]) {
        var keys: [UInt8] = []
        var opaque: [UInt8] = []
        var classes: [String] = []
        let entries = objects.map { object in
            var entry = ListingEntry()
            entry.keyOffset = UInt32(keys.count)
            entry.keyLength = UInt32(object.key.bytes.count)
            keys += object.key.bytes
            entry.size = object.state.size
            entry.lastModified = object.state.lastModified.milliseconds
            entry.setETag(object.state.etag, opaque: &opaque)
            if let name = object.state.storageClass {
                let index = classes.firstIndex(of: name) ?? classes.count
                if index == classes.count { classes.append(name) }
                entry.storageClass = UInt8(clamping: index + 1)
            }
            return entry
        }
        self.init(keys: keys, opaqueETags: opaque, entries: entries, storageClasses: classes)
    }

    /// How many of the keys, which ascend in bytes, are not after `last`.
    public func count(through last: ObjectKey) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if key(at: middle) > last { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The page's first `count` objects, which must be there.
    public func prefix(_ count: Int) -> ListingPage {
        ListingPage(
            keys: keys, opaqueETags: opaqueETags, entries: Array(entries.prefix(count)), storageClasses: storageClasses)
    }
}

extension ListingEntry {
    fileprivate mutating func setETag(_ etag: ETag, opaque: inout [UInt8]) {
        switch etag {
        case .md5(let digest):
            etagKind = .md5
            setDigest(digest)
        case .composite(let digest, let parts):
            etagKind = .composite
            etagParts = UInt16(clamping: parts)
            setDigest(digest)
        case .opaque(let text):
            etagKind = .opaque
            etagHigh = UInt64(opaque.count)
            etagLow = UInt64(text.utf8.count)
            opaque += Array(text.utf8)
        }
    }

    private mutating func setDigest(_ digest: MD5Digest) {
        (etagHigh, etagLow, etagCapitals) = (digest.high, digest.low, digest.capitals)
    }
}
