import CXML2

/// Small documents as trees.
///
/// For every answer that is not a listing: errors, buckets, uploads and their parts, results of copies and deletes,
/// tags. Built on the same bounded parser, with at most 100,000 elements. White space before the declaration, which
/// servers send to keep a connection alive, is passed over.
public enum XMLTree {
    /// The root element of `document`, which may have at most `limit` bytes.
    public static func parse(_ document: [UInt8], limit: Int = 8 << 20) throws(XMLError) -> XMLNode {
        let state = UnsafeMutablePointer<TreeState>.allocate(capacity: 1)
        unsafe state.initialize(to: TreeState())
        defer {
            unsafe state.deinitialize(count: 1)
            unsafe state.deallocate()
        }
        let parser = unsafe XMLPushParser(callbacks, consumer: state)
        parser.begin(limit: limit)
        _ = unsafe document.withUnsafeBytes { unsafe parser.feed($0) }
        try parser.finish()
        guard let root = unsafe state.pointee.root else { throw .truncated(offset: document.count) }
        return root
    }

    private static var callbacks: SAXCallbacks {
        unsafe SAXCallbacks(
            start: { userData, name, _ in
                let sax = unsafe SAXState.of(userData)
                guard unsafe sax.pointee.enter(), let name = unsafe name else { return }
                let state = unsafe sax.pointee.consumer.assumingMemoryBound(to: TreeState.self)
                if unsafe !state.pointee.start(String(cString: name)) {
                    unsafe sax.pointee.fail { .overLimit(.elements, offset: $0) }
                }
            },
            end: { userData, _ in
                let sax = unsafe SAXState.of(userData)
                if unsafe sax.pointee.hasFailed { return }
                unsafe sax.pointee.consumer.assumingMemoryBound(to: TreeState.self).pointee.end()
                unsafe sax.pointee.leave()
            },
            text: { userData, text, count in
                let sax = unsafe SAXState.of(userData)
                guard unsafe sax.pointee.addText(Int(count)), let text = unsafe text else { return }
                let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(count))
                unsafe sax.pointee.consumer.assumingMemoryBound(to: TreeState.self).pointee.append(bytes)
            })
    }
}

/// A tree in the making.
private struct TreeState {
    private struct Open {
        var name: String
        var text: [UInt8] = []
        var children: [XMLNode] = []
    }

    private var open: [Open] = []
    private var elementCount = 0
    var root: XMLNode?

    /// False where the document has too many elements.
    mutating func start(_ name: String) -> Bool {
        elementCount += 1
        let local = name.utf8.lastIndex(of: UInt8(ascii: ":")).map { String(name[name.utf8.index(after: $0)...]) }
        open.append(Open(name: local ?? name))
        return elementCount <= XMLLimit.maximumTreeElements
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        if open.isEmpty { return }
        unsafe open[open.count - 1].text.append(contentsOf: bytes)
    }

    mutating func end() {
        guard let closed = open.popLast() else { return }
        let node = XMLNode(
            name: closed.name, text: String(decoding: closed.text, as: UTF8.self), children: closed.children)
        if open.isEmpty { root = node } else { open[open.count - 1].children.append(node) }
    }
}
