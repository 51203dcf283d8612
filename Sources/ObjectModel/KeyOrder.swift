/// The order in which a server lists keys.
public enum KeyOrder: String, Hashable, Sendable, CaseIterable {
    /// Unsigned UTF-8 bytes, as S3 documents it.
    case bytes
    /// `/` before every other byte, the order of a walk through folders. SeaweedFS lists so.
    case path

    /// Negative if `left` comes first, zero if they are the same bytes, positive if `right` comes first.
    @inlinable
    public func compare(_ left: borrowing RawSpan, _ right: borrowing RawSpan) -> Int {
        let common = min(left.byteCount, right.byteCount)
        var offset = 0
        while offset < common {
            let a = unsafe left.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
            let b = unsafe right.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
            if a != b {
                if self == .path {
                    if a == UInt8(ascii: "/") { return -1 }
                    if b == UInt8(ascii: "/") { return 1 }
                }
                return a < b ? -1 : 1
            }
            offset += 1
        }
        return left.byteCount - right.byteCount
    }

    /// Whether `left` is listed strictly before `right`.
    public func precedes(_ left: ObjectKey, _ right: ObjectKey) -> Bool {
        unsafe compare(left.bytes.span.bytes, right.bytes.span.bytes) < 0
    }
}
