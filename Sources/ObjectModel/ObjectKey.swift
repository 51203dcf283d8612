/// The name of an object in a bucket: bytes, compared as bytes.
///
/// `String` is not used because its equality is canonical equivalence (an NFC and an NFD `é` would be one key) and its
/// order is not the order of S3 listings. Keys are at most 1,024 bytes on S3; nothing here enforces that, because a
/// source server may hold longer ones.
public struct ObjectKey: Hashable, Sendable {
    /// The raw bytes, UTF-8 on every conforming server.
    public let bytes: [UInt8]

    @inlinable
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether it names a folder, or is a prefix that does.
    public var endsInSlash: Bool { bytes.last == UInt8(ascii: "/") }

    @inlinable
    public init(_ string: String) {
        self.bytes = Array(string.utf8)
    }

    /// Whether the key begins with `prefix`, byte for byte.
    public func hasPrefix(_ prefix: ObjectKey) -> Bool {
        bytes.count >= prefix.bytes.count && bytes[..<prefix.bytes.count] == prefix.bytes[...]
    }

    /// The key without its first `count` bytes. `count` must not exceed the key's length.
    public func droppingFirst(_ count: Int) -> ObjectKey {
        ObjectKey(bytes: Array(bytes.dropFirst(count)))
    }

    /// This key placed under `prefix`: plain concatenation, no separator is added.
    public func prefixed(by prefix: ObjectKey) -> ObjectKey {
        ObjectKey(bytes: prefix.bytes + bytes)
    }
}

extension ObjectKey: Comparable {
    /// The order of S3 listings: unsigned bytes, a shorter key before its extensions.
    @inlinable
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension ObjectKey: CustomStringConvertible {
    /// The key as text for people; bytes that are not UTF-8 show as U+FFFD. Never compare keys by this.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The bytes as pairs of lower-case hexadecimal digits, where they are not UTF-8 and `description` may show two keys
    /// alike; else nil.
    public var hexadecimalIfNotUTF8: String? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension ObjectKey: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self.init(value) }
}
