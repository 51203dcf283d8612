import CXML2
import Glibc

/// A request's XML body as a tree, read by libxml2 without network, entities or recovery.
struct XMLDocument {
    let name: String
    let text: [UInt8]
    let children: [XMLDocument]

    /// - Throws: `MalformedXML` for anything that is not one well-formed document.
    init(parsing bytes: [UInt8]) throws(ErrorAnswer) {
        _ = Self.isReady
        let options = Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue)
        let document = unsafe bytes.withUnsafeBytes { buffer in
            unsafe xmlReadMemory(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: buffer.count), nil, nil,
                options)
        }
        guard let document = unsafe document else { throw .malformedXML }
        defer { unsafe xmlFreeDoc(document) }
        guard let root = unsafe xmlDocGetRootElement(document) else { throw .malformedXML }
        unsafe self.init(node: root)
    }

    /// libxml2 wants its one-time set-up before threads use it.
    private static let isReady: Bool = {
        xmlInitParser()
        return true
    }()

    @unsafe private init(node: xmlNodePtr) {
        unsafe name = String(cString: node.pointee.name)
        var text: [UInt8] = []
        var children: [XMLDocument] = []
        var child = unsafe node.pointee.children
        while let current = unsafe child {
            switch unsafe current.pointee.type {
            case XML_ELEMENT_NODE:
                unsafe children.append(XMLDocument(node: current))
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
                if let content = unsafe current.pointee.content {
                    let count = unsafe strlen(UnsafeRawPointer(content).assumingMemoryBound(to: CChar.self))
                    unsafe text.append(contentsOf: UnsafeBufferPointer(start: content, count: count))
                }
            default: break
            }
            unsafe child = unsafe current.pointee.next
        }
        self.text = text
        self.children = children
    }

    func first(_ name: String) -> XMLDocument? { children.first { $0.name == name } }
    func all(_ name: String) -> [XMLDocument] { children.filter { $0.name == name } }
    /// The text of the first child of that name, or nil.
    func value(_ name: String) -> String? {
        first(name).map { String(decoding: $0.text, as: UTF8.self) }
    }
}
