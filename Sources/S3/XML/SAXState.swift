import CXML2

/// What every callback of a parser reaches through libxml2's user data: plain memory, behind one raw pointer.
///
/// A class reference made from the pointer would cost a retain and a release in each callback, nearly half of the time
/// that parsing takes.
@safe struct SAXState {
    /// The parser itself, to stop it and to ask where it stands.
    var context: xmlParserCtxtPtr?
    /// The state of whoever takes the elements; only its own callbacks know the type.
    let consumer: UnsafeMutableRawPointer
    /// Bytes that were dropped before the document.
    var skipped = 0
    /// Elements that are open.
    var depth = 0
    /// Bytes of text since the last tag.
    var textLength = 0
    var isRootClosed = false
    var hasFailed = false
    var failure: XMLError?

    @inline(__always)
    static func of(_ userData: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<SAXState> {
        // libxml2 hands back the pointer that `XMLPushParser` gave it.
        unsafe userData.unsafelyUnwrapped.assumingMemoryBound(to: SAXState.self)
    }

    /// Counts an opening tag; false where the document has been refused.
    @inline(__always)
    mutating func enter() -> Bool {
        if hasFailed { return false }
        depth += 1
        textLength = 0
        if depth > XMLLimit.maximumDepth {
            fail { .overLimit(.depth, offset: $0) }
            return false
        }
        return true
    }

    /// Counts a closing tag, after its element has been taken.
    @inline(__always)
    mutating func leave() {
        depth -= 1
        textLength = 0
        if depth == 0 { isRootClosed = true }
    }

    /// Counts text; false where the document has been refused.
    @inline(__always)
    mutating func addText(_ count: Int) -> Bool {
        if hasFailed { return false }
        textLength += count
        if textLength > XMLLimit.maximumText {
            fail { .overLimit(.text, offset: $0) }
            return false
        }
        return true
    }

    /// Refuses the document, for the first reason that is given, and stops the parser.
    @inline(never)
    mutating func fail(_ error: (_ offset: Int) -> XMLError) {
        if hasFailed { return }
        hasFailed = true
        failure = error(offset)
        unsafe xmlStopParser(context)
    }

    /// Where the parser stands, in bytes of the document.
    var offset: Int {
        unsafe skipped + max(0, Int(xmlByteConsumed(context)))
    }
}
