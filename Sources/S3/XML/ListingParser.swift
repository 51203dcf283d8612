/// Parses pages of listings as they arrive, one after the other, straight into arenas.
///
/// For one thread, which keeps it: its memory is used again for each page. The cost of a key is libxml2's and about a
/// quarter more. A page may have 10,000 entries; see `XMLLimit` for the other bounds.
@safe public final class ListingParser {
    private let state: UnsafeMutablePointer<ListingState>
    private let parser: XMLPushParser
    private var generation = 0
    private var fed = 0
    private var hasBegun = false

    public init() {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: ListingState())
        let callbacks = unsafe SAXCallbacks(
            start: { userData, name, _ in
                let sax = unsafe SAXState.of(userData)
                guard unsafe sax.pointee.enter(), let name = unsafe name else { return }
                unsafe ListingParser.state(sax).pointee.start(name, sax)
            },
            end: { userData, _ in
                let sax = unsafe SAXState.of(userData)
                if unsafe sax.pointee.hasFailed { return }
                unsafe ListingParser.state(sax).pointee.end(sax)
                unsafe sax.pointee.leave()
            },
            text: { userData, text, count in
                let sax = unsafe SAXState.of(userData)
                guard unsafe sax.pointee.addText(Int(count)), let text = unsafe text else { return }
                unsafe ListingParser.state(sax).pointee.append(text, Int(count))
            })
        parser = unsafe XMLPushParser(callbacks, consumer: state)
    }

    deinit {
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    @inline(__always)
    private static func state(_ sax: UnsafeMutablePointer<SAXState>) -> UnsafeMutablePointer<ListingState> {
        unsafe sax.pointee.consumer.assumingMemoryBound(to: ListingState.self)
    }

    /// Begins a page of at most `limit` bytes and forgets what came before, finished or not.
    public func begin(limit: Int) {
        parser.begin(limit: limit)
        unsafe state.pointee.reset()
        // Another context interns names at other addresses.
        if generation != parser.generation { unsafe state.pointee.names.forget() }
        generation = parser.generation
        fed = 0
        hasBegun = true
    }

    /// Parses the next bytes. False once the page is refused: nothing more is needed, and `finish` tells why.
    @discardableResult
    public func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        precondition(hasBegun, "A page has to begin before it is fed.")
        fed += bytes.count
        return unsafe parser.feed(bytes)
    }

    @discardableResult
    public func feed(_ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe feed($0) }
    }

    /// Ends the page. `XMLError.errorDocument` where the server sent an `<Error>` in its place.
    public func finish() throws(XMLError) -> ListingDocument {
        precondition(hasBegun, "A page has to begin before it is finished.")
        hasBegun = false
        try parser.finish()
        if unsafe state.pointee.isErrorDocument { throw unsafe .errorDocument(state.pointee.errorDocument()) }
        return unsafe try state.pointee.page(offset: fed)
    }

    /// Parses a page that is there as a whole.
    public func parse(_ document: [UInt8], limit: Int = 64 << 20) throws(XMLError) -> ListingDocument {
        begin(limit: limit)
        feed(document)
        return try finish()
    }
}
