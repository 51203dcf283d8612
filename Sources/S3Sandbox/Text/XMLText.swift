import ObjectModel

/// An XML document written element by element. Keys go in as bytes, so that a key that is not UTF-8 stays what it is.
struct XMLText {
    private(set) var bytes: [UInt8]

    /// Without `hasDeclaration` it is the continuation of another one.
    init(hasDeclaration: Bool = true) {
        bytes = hasDeclaration ? Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8) : []
    }

    /// Opens an element; a top-level one gets S3's namespace if asked.
    mutating func open(_ name: String, hasNamespace: Bool = false) {
        append("<\(name)")
        if hasNamespace { append(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"") }
        append(">")
    }

    mutating func close(_ name: String) {
        append("</\(name)>")
    }

    mutating func element(_ name: String, _ value: String) {
        element(name, bytes: Array(value.utf8))
    }

    mutating func element(_ name: String, _ value: some BinaryInteger) {
        append("<\(name)>\(value)</\(name)>")
    }

    mutating func element(_ name: String, _ value: Bool) {
        append("<\(name)>\(value)</\(name)>")
    }

    mutating func element(_ name: String, bytes value: [UInt8]) {
        append("<\(name)>")
        text(value)
        append("</\(name)>")
    }

    mutating func text(_ value: String) {
        text(Array(value.utf8))
    }

    private mutating func text(_ value: [UInt8]) {
        for byte in value {
            switch byte {
            case UInt8(ascii: "<"): append("&lt;")
            case UInt8(ascii: ">"): append("&gt;")
            case UInt8(ascii: "&"): append("&amp;")
            case UInt8(ascii: "\""): append("&#34;")
            // What XML 1.0 forbids is written as servers do: as a reference that a conforming parser refuses.
            case 0..<0x20, 0x7F: append("&#x\(String(byte, radix: 16, uppercase: true));")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
