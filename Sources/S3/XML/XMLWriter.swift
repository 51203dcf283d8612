/// Text that XML 1.0 can't carry, escaped or not: control characters other than tab and line ends, U+FFFE, U+FFFF, and
/// bytes that are not UTF-8.
public struct NotRepresentableInXML: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: [UInt8]
    /// The first byte that is in the way.
    public let offset: Int

    public init(text: [UInt8], offset: Int) {
        self.text = text
        self.offset = offset
    }

    public var description: String {
        "XML can't carry the text '\(String(decoding: text, as: UTF8.self))' because of its byte \(offset)."
    }
}

/// Writes the bodies of requests.
public struct XMLWriter: Sendable {
    /// The document so far, without a declaration: servers take UTF-8 for granted.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// An element that holds what `content` writes. Names are given by the program and written as they are.
    public mutating func element<Failure: Error>(
        _ name: String, namespace: String? = nil, _ content: (inout XMLWriter) throws(Failure) -> Void
    ) throws(Failure) {
        bytes.append(UInt8(ascii: "<"))
        bytes.append(contentsOf: name.utf8)
        if let namespace { bytes.append(contentsOf: " xmlns=\"\(namespace)\"".utf8) }
        bytes.append(UInt8(ascii: ">"))
        try content(&self)
        bytes.append(contentsOf: "</".utf8)
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ">"))
    }

    /// An element that holds `text`.
    public mutating func element(_ name: String, _ text: String) throws(NotRepresentableInXML) {
        try element(name, bytes: Array(text.utf8))
    }

    /// An element that holds `text`, which has to be UTF-8.
    public mutating func element(_ name: String, bytes text: [UInt8]) throws(NotRepresentableInXML) {
        if let offset = Self.firstUnrepresentable(text) { throw NotRepresentableInXML(text: text, offset: offset) }
        element(name) { writer in writer.append(escaping: text) }
    }

    /// Whether an element's text can be `text`.
    public static func isRepresentable(_ text: [UInt8]) -> Bool {
        firstUnrepresentable(text) == nil
    }

    private mutating func append(escaping text: [UInt8]) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "&quot;".utf8)
            // A reader makes a line feed of a bare carriage return, and some trim bare white space.
            case 0x09, 0x0A, 0x0D: bytes.append(contentsOf: "&#\(byte);".utf8)
            default: bytes.append(byte)
            }
        }
    }

    /// Source: the production `Char` of XML 1.0.
    private static func firstUnrepresentable(_ text: [UInt8]) -> Int? {
        var decoder = UTF8()
        var input = text.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&input) {
            case .emptyInput: return nil
            case .error: return offset
            case .scalarValue(let scalar):
                switch scalar.value {
                case 0x00...0x08, 0x0B, 0x0C, 0x0E...0x1F, 0xFFFE, 0xFFFF: return offset
                default: offset += UTF8.width(scalar)
                }
            }
        }
    }
}
