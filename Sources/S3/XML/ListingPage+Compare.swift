import Glibc
public import ObjectModel

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
        // The parser made the ranges, within the arrays.
        return unsafe keys.withUnsafeBytes { leftKeys in
            unsafe other.keys.withUnsafeBytes { rightKeys in
                let a = unsafe UnsafeRawBufferPointer(
                    rebasing: leftKeys[(Int(left.keyOffset) + leftDropped)...].prefix(leftLength))
                let b = unsafe UnsafeRawBufferPointer(
                    rebasing: rightKeys[(Int(right.keyOffset) + rightDropped)...].prefix(rightLength))
                guard order == .bytes else { return unsafe order.compare(a.bytes, b.bytes) }
                guard let aBase = a.baseAddress, let bBase = b.baseAddress else { return leftLength - rightLength }
                let difference = unsafe memcmp(aBase, bBase, min(leftLength, rightLength))
                return difference == 0 ? leftLength - rightLength : Int(difference)
            }
        }
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
