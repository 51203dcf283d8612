/// Percent-encoding as Signature Version 4 defines it, over bytes.
///
/// Source: "UriEncode()" in the S3 API reference. Unreserved are `A-Z a-z 0-9 - . _ ~`; every other byte becomes `%XX`
/// with upper-case digits. A key is encoded once and its path is never normalised: `a//b`, `a/./b` and `..` are names.
public enum URIEncoding {
    /// Encodes `bytes`. `keepSlash` is true for a key in a path and false in a query.
    public static func encode(_ bytes: [UInt8], keepSlash: Bool) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count + 16)
        append(bytes, keepSlash: keepSlash, to: &encoded)
        return encoded
    }

    /// As `encode(_:keepSlash:)`, into a buffer that the caller keeps.
    public static func append(_ bytes: [UInt8], keepSlash: Bool, to buffer: inout [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                // Most of a key stands for itself: copied as a whole.
                let start = index
                while index < bytes.count {
                    let byte = unsafe bytes[index]
                    guard isUnreserved(byte) || (keepSlash && byte == UInt8(ascii: "/")) else { break }
                    index += 1
                }
                if index > start {
                    unsafe buffer.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
                }
                if index < bytes.count {
                    let byte = unsafe bytes[index]
                    buffer.append(UInt8(ascii: "%"))
                    buffer.append(digit(byte >> 4))
                    buffer.append(digit(byte & 15))
                    index += 1
                }
            }
        }
    }

    /// Decodes `%XX`, and `+` to a space where `plusIsSpace`; nil where a `%` is not followed by two digits.
    public static func decode(_ bytes: [UInt8], plusIsSpace: Bool) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "%") {
                guard index + 1 < bytes.count, let high = value(of: bytes[index]), let low = value(of: bytes[index + 1])
                else { return nil }
                decoded.append(high << 4 | low)
                index += 2
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return decoded
    }

    /// Whether `byte` stands for itself. Two words of bits, one bit for each ASCII character.
    @inline(__always)
    static func isUnreserved(_ byte: UInt8) -> Bool {
        // "-", ".", 0-9 below 64; A-Z, "_", a-z, "~" from there.
        let below: UInt64 = 0x03FF_6000_0000_0000
        let above: UInt64 = 0x47FF_FFFE_87FF_FFFE
        guard byte < 0x80 else { return false }
        return (byte < 64 ? below >> UInt64(byte) : above >> UInt64(byte - 64)) & 1 == 1
    }

    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 0x30 : value - 10 + 0x41 }

    /// The value of one hexadecimal digit in either case.
    @inline(__always)
    static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
