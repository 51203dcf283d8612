import CXML2

/// The three events that make up a document, as C callbacks. Each gets a pointer to the `SAXState`.
@safe struct SAXCallbacks {
    let start: startElementSAXFunc
    let end: endElementSAXFunc
    /// Text arrives in pieces: around entities, at the ends of chunks, and wherever libxml2 pleases.
    let text: charactersSAXFunc
}

/// The owner of a libxml2 push parser: fed with chunks as they arrive, used for one document after the other.
///
/// Bounded by `XMLLimit` and by the size given for each document. The five predefined entities and numeric ones are all
/// that it knows: a document type declaration is refused where it begins. Nothing is fetched and nothing is printed.
@safe final class XMLPushParser {
    private let callbacks: SAXCallbacks
    private let state: UnsafeMutablePointer<SAXState>
    private var context: xmlParserCtxtPtr?
    private var prologue = Prologue.start(markBytes: 0)
    private var limit = 0
    private var fed = 0

    /// Counts the contexts: names are interned for as long as it stays the same.
    private(set) var generation = 0

    /// What precedes the document's second byte. Servers send white space before the declaration to keep a connection
    /// alive, which XML itself forbids; and libxml2 would take a zero there for UTF-16, which S3 doesn't speak.
    private enum Prologue {
        case start(markBytes: Int)
        case opened
        case passed
    }

    /// libxml2 wants to be set up by one thread before others use it.
    private static let isInitialised: Bool = {
        xmlInitParser()
        return true
    }()

    /// `consumer` must outlive the parser.
    init(_ callbacks: SAXCallbacks, consumer: UnsafeMutableRawPointer) {
        _ = Self.isInitialised
        self.callbacks = callbacks
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: SAXState(context: nil, consumer: consumer))
    }

    deinit {
        unsafe xmlFreeParserCtxt(context)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Begins a document of at most `limit` bytes, whatever became of the one before.
    func begin(limit: Int) {
        self.limit = min(limit, Int(Int32.max))
        fed = 0
        prologue = .start(markBytes: 0)
        // After a failure a fresh context costs little and carries nothing over; and names, which are kept for the life
        // of a context, must not pile up.
        let isReusable = unsafe context != nil && !state.pointee.hasFailed && xmlDictSize(context!.pointee.dict) < 512
        if unsafe !isReusable || xmlCtxtResetPush(context, nil, 0, nil, nil) != 0 { makeContext() }
        unsafe state.pointee = unsafe SAXState(context: context, consumer: state.pointee.consumer)
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_IGNORE_ENC.rawValue
        _ = unsafe xmlCtxtUseOptions(context, Int32(options))
    }

    private func makeContext() {
        unsafe xmlFreeParserCtxt(context)
        generation += 1
        var handler = unsafe xmlSAXHandler()
        // Any other mark than that of SAX2, which would mean callbacks with namespaces. No error callback is set, and
        // then libxml2 prints nothing either.
        unsafe handler.initialized = 1
        unsafe handler.startElement = unsafe callbacks.start
        unsafe handler.endElement = unsafe callbacks.end
        unsafe handler.characters = unsafe callbacks.text
        // The same function for both, or white space that makes up an element's text would count as layout.
        unsafe handler.ignorableWhitespace = unsafe callbacks.text
        unsafe handler.internalSubset = { userData, _, _, _ in
            unsafe SAXState.of(userData).pointee.fail { .hostile(reason: "it declares a document type", offset: $0) }
        }
        unsafe handler.entityDecl = { userData, _, _, _, _, _ in
            unsafe SAXState.of(userData).pointee.fail { .hostile(reason: "it declares an entity", offset: $0) }
        }
        unsafe context = unsafe xmlCreatePushParserCtxt(&handler, state, nil, 0, nil)
        unsafe precondition(context != nil, "libxml2 made no parser: memory is at its end.")
    }

    /// Parses the next bytes. False once the document is refused: nothing more is needed, and `finish` tells why.
    func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if unsafe state.pointee.hasFailed { return false }
        if bytes.count > limit - fed {
            unsafe state.pointee.fail { .overLimit(.size, offset: $0) }
            return false
        }
        fed += bytes.count
        guard let document = unsafe passPrologue(bytes) else { return unsafe !state.pointee.hasFailed }
        unsafe parse(document, isLast: false)
        return unsafe !state.pointee.hasFailed
    }

    /// Ends the document. Throws the reason why it is refused; returns where it was whole and well-formed.
    func finish() throws(XMLError) {
        if unsafe !state.pointee.hasFailed {
            guard case .passed = prologue else {
                unsafe state.pointee.hasFailed = true
                throw .truncated(offset: fed)
            }
            unsafe parse(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
            // What libxml2 finds only now, with the root open, is that there is no more.
            if unsafe state.pointee.hasFailed, unsafe !state.pointee.isRootClosed { throw .truncated(offset: fed) }
        }
        if let failure = unsafe state.pointee.failure { throw failure }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        _ = unsafe xmlParseChunk(context, base, Int32(bytes.count), isLast ? 1 : 0)
        if unsafe context!.pointee.wellFormed == 0 {
            // The parser stops behind the construct that is at fault.
            let message = unsafe context!.pointee.lastError.message.map { unsafe String(cString: $0) } ?? ""
            let line = String(message.prefix { !$0.isNewline }.prefix(200))
            unsafe state.pointee.fail { .malformed(reason: line, offset: $0) }
        }
    }

    /// Drops what may precede a document. Nil while nothing of the document has arrived, or where there is none.
    private func passPrologue(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var index = 0
        while index < bytes.count {
            let byte = unsafe bytes[index]
            switch prologue {
            case .passed:
                return unsafe UnsafeRawBufferPointer(rebasing: bytes[index...])
            case .opened:
                guard byte != 0 else { return unsafe refusePrologue("it is not UTF-8") }
                prologue = .passed
                // The first byte may have come in an earlier chunk, so it is given from here in either case.
                unsafe withUnsafeBytes(of: UInt8(ascii: "<")) { unsafe parse($0, isLast: false) }
                continue
            case .start(let markBytes):
                if byte == UInt8(ascii: "<"), markBytes == 0 || markBytes == 3 {
                    prologue = .opened
                } else {
                    let offset = unsafe state.pointee.skipped
                    if markBytes < 3, offset == markBytes, byte == Self.byteOrderMark(markBytes) {
                        prologue = .start(markBytes: markBytes + 1)
                    } else if markBytes == 1 || markBytes == 2 || !Self.isWhiteSpace(byte) {
                        return unsafe refusePrologue("it does not begin with an element")
                    }
                    unsafe state.pointee.skipped += 1
                }
                index += 1
            }
        }
        return nil
    }

    private func refusePrologue(_ reason: String) -> UnsafeRawBufferPointer? {
        unsafe state.pointee.fail { .malformed(reason: reason, offset: $0) }
        return nil
    }

    /// One of the three bytes with which some writers begin UTF-8.
    private static func byteOrderMark(_ index: Int) -> UInt8 {
        index == 0 ? 0xEF : index == 1 ? 0xBB : 0xBF
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
