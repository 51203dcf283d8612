import CYAML

/// One value of a YAML document with the line where it begins.
///
/// Scalars stay text: what `on` or `010` means is decided by the key they belong to, not by YAML's guesses.
struct YAMLNode {
    enum Content {
        /// `isNull` for a plain scalar that YAML takes as nothing: empty, `~` or `null`.
        case scalar(String, isNull: Bool)
        case sequence([YAMLNode])
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    var content: Content
    /// From 1.
    var line: Int

    /// A document that cannot be taken, with the line where this shows.
    struct Malformed: Error {
        var line: Int
        var why: String
    }

    private static let deepest = 16
    private static let mostNodes = 100_000

    /// Parses one document; nil for an empty text. Bounded in depth and size; anchors, aliases, tags and further
    /// documents are refused, so that a small file cannot become a large tree.
    static func parse(_ text: [UInt8]) throws(Malformed) -> YAMLNode? {
        var reader = unsafe YAMLEvents(text)
        defer { unsafe reader.end() }
        guard case .documentStart = try unsafe reader.next().event else { return nil }
        var nodes = 0
        let (first, line) = try unsafe reader.next()
        let root = try unsafe node(first, line, depth: 0, nodes: &nodes, from: &reader)
        _ = try unsafe reader.next()
        let (event, next) = try unsafe reader.next()
        if case .documentStart = event { throw Malformed(line: next, why: "a second document begins") }
        return root
    }

    private static func node(
        _ event: YAMLEvents.Event, _ line: Int, depth: Int, nodes: inout Int, from reader: inout YAMLEvents
    ) throws(Malformed) -> YAMLNode {
        nodes += 1
        if depth > deepest { throw Malformed(line: line, why: "it is nested more than \(deepest) levels deep") }
        if nodes > mostNodes { throw Malformed(line: line, why: "it holds more than \(mostNodes) values") }
        switch event {
        case .scalar(let text, let isPlain):
            let isNull = isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
            return YAMLNode(content: .scalar(text, isNull: isNull), line: line)
        case .sequenceStart:
            var items: [YAMLNode] = []
            while case (let event, let line) = try unsafe reader.next(), event != .end {
                items.append(try unsafe node(event, line, depth: depth + 1, nodes: &nodes, from: &reader))
            }
            return YAMLNode(content: .sequence(items), line: line)
        case .mappingStart:
            var pairs: [(key: YAMLNode, value: YAMLNode)] = []
            var names: Set<String> = []
            while case (let event, let line) = try unsafe reader.next(), event != .end {
                let key = try unsafe node(event, line, depth: depth + 1, nodes: &nodes, from: &reader)
                guard case .scalar(let name, _) = key.content else {
                    throw Malformed(line: line, why: "a key is not a plain name")
                }
                guard names.insert(name).inserted else {
                    throw Malformed(line: line, why: "the key \"\(name)\" is there twice")
                }
                let (event, line) = try unsafe reader.next()
                let value = try unsafe node(event, line, depth: depth + 1, nodes: &nodes, from: &reader)
                pairs.append((key, value))
            }
            return YAMLNode(content: .mapping(pairs), line: line)
        case .documentStart, .end:
            throw Malformed(line: line, why: "a value is missing")
        }
    }
}

/// libyaml's event reader. `end()` must be called; nothing may be used afterwards.
@unsafe
struct YAMLEvents {
    enum Event: Equatable {
        case documentStart
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case mappingStart
        /// The end of a sequence, a mapping, the document or the stream.
        case end
    }

    // libyaml keeps pointers into the parser and into the text, so both stay where they are.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe parser = .allocate(capacity: 1)
        unsafe text = .allocate(capacity: max(1, bytes.count))
        _ = unsafe text.initialize(from: bytes)
        unsafe yaml_parser_initialize(parser)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, text.baseAddress!, bytes.count)
    }

    func end() {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe text.deallocate()
    }

    /// The next event and its line from 1. The stream's end repeats as `.end`.
    func next() throws(YAMLNode.Malformed) -> (event: Event, line: Int) {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw unsafe malformed() }
        defer { unsafe yaml_event_delete(&event) }
        let line = Int(unsafe event.start_mark.line) + 1
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT:
            return try unsafe next()
        case YAML_DOCUMENT_START_EVENT:
            return (.documentStart, line)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            try unsafe refuse(anchor: scalar.anchor, tag: scalar.tag, line)
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
            return unsafe (.scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain), line)
        case YAML_SEQUENCE_START_EVENT:
            try unsafe refuse(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag, line)
            return (.sequenceStart, line)
        case YAML_MAPPING_START_EVENT:
            try unsafe refuse(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag, line)
            return (.mappingStart, line)
        case YAML_ALIAS_EVENT:
            throw YAMLNode.Malformed(line: line, why: "it uses an alias (*name), which is not supported")
        default:
            return (.end, line)
        }
    }

    private func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, _ line: Int
    ) throws(YAMLNode.Malformed) {
        if unsafe anchor != nil {
            throw YAMLNode.Malformed(line: line, why: "it uses an anchor (&name), which is not supported")
        }
        if unsafe tag != nil {
            throw YAMLNode.Malformed(line: line, why: "it uses a tag (!name), which is not supported")
        }
    }

    private func malformed() -> YAMLNode.Malformed {
        let problem = unsafe parser.pointee.problem
        let why = unsafe problem == nil ? "it is not YAML" : String(cString: problem!)
        let mark = unsafe max(parser.pointee.problem_mark.line, parser.pointee.mark.line)
        return YAMLNode.Malformed(line: Int(mark) + 1, why: why)
    }
}
