/// Header fields in the making of a canonical request: names in lower case and sorted, values trimmed and folded,
/// repeated names joined. Kept and reused between requests, so that signing allocates nothing for them.
struct CanonicalHeaders {
    /// Where a field lies in `text`: the name from `start` to `middle`, the value from there to `end`.
    private struct Field {
        var start: Int
        var middle: Int
        var end: Int
    }

    private var text: [UInt8] = []
    private var fields: [Field] = []

    init() {
        text.reserveCapacity(512)
        fields.reserveCapacity(16)
    }

    init(_ headers: [HeaderField]) {
        self.init()
        for header in headers { insert(header.name, header.value) }
    }

    mutating func removeAll() {
        text.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
    }

    /// Adds a field behind those whose names sort before it or are the same, as repeated headers keep their order.
    mutating func insert(_ name: String, _ value: String) {
        let start = text.count
        for byte in name.utf8 {
            text.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
        }
        let middle = text.count
        appendFolded(value)
        let field = Field(start: start, middle: middle, end: text.count)
        var position = fields.count
        while position > 0, compareNames(field, fields[position - 1]) < 0 { position -= 1 }
        if position == fields.count { fields.append(field) } else { fields.insert(field, at: position) }
    }

    /// White space at the ends goes, and a run of it inside becomes one space.
    private mutating func appendFolded(_ value: String) {
        var isSpacePending = false
        let start = text.count
        for byte in value.utf8 {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                isSpacePending = true
            } else {
                if isSpacePending, text.count > start { text.append(0x20) }
                isSpacePending = false
                text.append(byte)
            }
        }
    }

    private func compareNames(_ left: Field, _ right: Field) -> Int {
        let leftCount = left.middle - left.start
        let rightCount = right.middle - right.start
        for offset in 0..<min(leftCount, rightCount) {
            let a = text[left.start + offset]
            let b = text[right.start + offset]
            if a != b { return a < b ? -1 : 1 }
        }
        return leftCount - rightCount
    }

    /// `name:value\n` for each name.
    func appendLines(to buffer: inout [UInt8]) {
        for index in fields.indices {
            let field = fields[index]
            if index > 0, compareNames(fields[index - 1], field) == 0 {
                buffer[buffer.count - 1] = UInt8(ascii: ",")
            } else {
                buffer.append(contentsOf: text[field.start..<field.middle])
                buffer.append(UInt8(ascii: ":"))
            }
            buffer.append(contentsOf: text[field.middle..<field.end])
            buffer.append(UInt8(ascii: "\n"))
        }
    }

    /// `name;name;name`.
    func appendNames(to buffer: inout [UInt8]) {
        for index in fields.indices {
            if index > 0 {
                if compareNames(fields[index - 1], fields[index]) == 0 { continue }
                buffer.append(UInt8(ascii: ";"))
            }
            buffer.append(contentsOf: text[fields[index].start..<fields[index].middle])
        }
    }
}
