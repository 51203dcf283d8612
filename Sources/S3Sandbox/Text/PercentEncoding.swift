/// The percent-encodings of a server that are not Signature V4's.
enum PercentEncoding {
    /// Whether a byte is written as itself: RFC 3986's unreserved characters.
    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// As listings write keys under `encoding-type=url`: a space is `+`, `/` stays. MinIO writes `*` as itself too.
    static func encodeForListing(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        for byte in bytes {
            if byte == UInt8(ascii: " ") {
                text.append(UInt8(ascii: "+"))
            } else if isUnreserved(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "*") {
                text.append(byte)
            } else {
                Hexadecimal.appendPercent(byte, to: &text)
            }
        }
        return text
    }

    /// Decodes `%XX`, and `+` to a space where asked. A `%` without two digits stands for itself.
    static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8] {
        let text = Array(text)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let character = text[index]
            if character == UInt8(ascii: "%"), index + 2 < text.count,
                let high = Hexadecimal.value(text[index + 1]), let low = Hexadecimal.value(text[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(plusIsSpace && character == UInt8(ascii: "+") ? UInt8(ascii: " ") : character)
                index += 1
            }
        }
        return bytes
    }
}
