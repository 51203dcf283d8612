import Glibc

/// Comparing the entries of two pages in place.
extension ListingPage {
    /// Negative if the key at `index` comes before the one at `otherIndex` of `other` in `order`, zero if they are the
    /// same bytes, positive if it comes after. The first `droppingLeft` and `droppingRight` bytes, the prefixes under
    /// which the two sides are mirrored, are left out; a key that is no longer than that counts as empty.
    public func compareKey(
        at index: Int, with other: ListingPage, at otherIndex: Int, order: KeyOrder, droppingLeft: Int = 0,
        droppingRight: Int = 0
    ) -> Int {
        let left = entries[index]
        let right = other.entries[otherIndex]
        let leftDropped = min(max(droppingLeft, 0), Int(left.keyLength))
        let rightDropped = min(max(droppingRight, 0), Int(right.keyLength))
        let leftLength = Int(left.keyLength) - leftDropped
        let rightLength = Int(right.keyLength) - rightDropped
        return unsafe keys.withUnsafeBytes { leftKeys in
            unsafe other.keys.withUnsafeBytes { rightKeys in
                unsafe Self.compare(
                    leftKeys, Int(left.keyOffset) + leftDropped, leftLength, rightKeys,
                    Int(right.keyOffset) + rightDropped, rightLength, order)
            }
        }
    }

    /// The index, at least 1, of the first object whose key does not begin after the one before it in `order`; nil where the
    /// whole page is in that order.
    public func firstOutOfOrder(_ order: KeyOrder) -> Int? {
        unsafe keys.withUnsafeBytes { keys in
            unsafe entries.withUnsafeBufferPointer { entries in
                guard var last = unsafe entries.first else { return nil }
                for index in 1..<entries.count {
                    let entry = unsafe entries[index]
                    let difference = unsafe Self.compare(
                        keys, Int(last.keyOffset), Int(last.keyLength), keys, Int(entry.keyOffset),
                        Int(entry.keyLength), order)
                    if difference >= 0 { return index }
                    last = entry
                }
                return nil
            }
        }
    }

    /// Compares a stretch of `a` with one of `b`, given as where it begins and its length.
    @inline(__always)
    private static func compare(
        _ a: UnsafeRawBufferPointer, _ aStart: Int, _ aLength: Int, _ b: UnsafeRawBufferPointer, _ bStart: Int,
        _ bLength: Int, _ order: KeyOrder
    ) -> Int {
        precondition(
            aStart + aLength <= a.count && bStart + bLength <= b.count, "A page's key lies outside of its arena.")
        guard aLength > 0, bLength > 0, let aBase = a.baseAddress, let bBase = b.baseAddress else {
            return aLength - bLength
        }
        let (left, right) = unsafe (aBase + aStart, bBase + bStart)
        guard order == .bytes else {
            return unsafe order.compare(
                UnsafeRawBufferPointer(start: left, count: aLength).bytes,
                UnsafeRawBufferPointer(start: right, count: bLength).bytes)
        }
        let difference = unsafe memcmp(left, right, min(aLength, bLength))
        return difference == 0 ? aLength - bLength : Int(difference)
    }

    /// Whether both objects have the same size and the same ETag, which is a digest of their bytes.
    public func isSameSizeAndDigest(at index: Int, _ other: ListingPage, at otherIndex: Int) -> Bool {
        entries[index].size == other.entries[otherIndex].size && isSameETag(at: index, other, at: otherIndex)
            && entries[index].etagKind != .opaque
    }

    /// Whether two ETags are equal, as `ETag` means it: two absent ones are.
    public func isSameETag(at index: Int, _ other: ListingPage, at otherIndex: Int) -> Bool {
        let left = entries[index]
        let right = other.entries[otherIndex]
        guard left.etagKind == right.etagKind else { return false }
        guard left.etagKind == .opaque else {
            return left.etagHigh == right.etagHigh && left.etagLow == right.etagLow
                && left.etagParts == right.etagParts
        }
        guard left.etagLow == right.etagLow else { return false }
        let leftStart = Int(left.etagHigh)
        let rightStart = Int(right.etagHigh)
        for offset in 0..<Int(left.etagLow)
        where opaqueETags[leftStart + offset] != other.opaqueETags[rightStart + offset] {
            return false
        }
        return true
    }

    /// Whether equality of the two ETags says something about the bytes, as `ETag.isComparable(with:)` means it.
    public func isComparableETag(at index: Int, _ other: ListingPage, at otherIndex: Int) -> Bool {
        let left = entries[index]
        let right = other.entries[otherIndex]
        return left.etagKind == right.etagKind && left.etagKind != .opaque && left.etagParts == right.etagParts
    }
}
