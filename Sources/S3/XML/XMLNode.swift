/// One element of a small document: an S3 answer other than a listing.
public struct XMLNode: Sendable, Hashable {
    /// Without its namespace's prefix.
    public let name: String
    /// The element's own text, that of its children left out, as it came: white space included.
    public let text: String
    public let children: [XMLNode]

    /// The first child called `name`.
    public subscript(_ name: String) -> XMLNode? {
        children.first { $0.name == name }
    }

    /// The children called `name`, in order.
    public func all(_ name: String) -> [XMLNode] {
        children.filter { $0.name == name }
    }

    /// The text of the first child called `name`, without white space at its ends; nil where there is none. For values
    /// that are keys take `self[name]?.text`.
    public func value(_ name: String) -> String? {
        self[name]?.trimmedText
    }

    /// The text without white space at its ends.
    public var trimmedText: String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let head = text.utf8.drop(while: isSpace)
        guard let last = head.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(text[head.startIndex...last])
    }
}
