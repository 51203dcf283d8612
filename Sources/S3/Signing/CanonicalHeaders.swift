import Glibc

/// Header fields in the making of a canonical request: names in lower case and sorted, values trimmed and folded,
/// repeated names joined. Kept and reused between requests, so that signing allocates nothing for them.
struct CanonicalHeaders: ~Copyable {
    /// Where a field lies in `text`: the name from `start` to `middle`, the value from there to `end`. Not private,
    /// because compiler 6.3.1 then emits no descriptor that other files' debug builds can refer to.
    struct Field: BitwiseCopyable {
        var start: Int
        var middle: Int
        var end: Int
    }

    private var text = RawArray<UInt8>(capacity: 1024)
    private var fields = RawArray<Field>(capacity: 16)

    init() {}

    init(_ headers: [HeaderField]) {
        for header in headers { insert(header.name, header.value) }
    }

    mutating func removeAll() {
        text.removeAll()
        fields.removeAll()
    }

    /// Adds a field behind those whose names sort before it or are the same, as repeated headers keep their order.
    mutating func insert(_ name: String, _ value: String) {
        let start = text.count
        text.append(name)
        text.lowercase(from: start)
        let middle = text.count
        text.append(value)
        insert(start: start, middle: middle)
    }

    /// As `insert(_:_:)`, from bytes and with a name that is in lower case.
    mutating func insert(_ name: StaticString, _ value: borrowing RawArray<UInt8>) {
        let start = text.count
        text.append(name)
        let middle = text.count
        unsafe text.append(value.elements)
        insert(start: start, middle: middle)
    }

    private mutating func insert(start: Int, middle: Int) {
        fold(from: middle)
        let field = Field(start: start, middle: middle, end: text.count)
        fields.append(field)
        var position = fields.count - 1
        while position > 0, compareNames(field, fields[position - 1]) < 0 {
            fields[position] = fields[position - 1]
            position -= 1
        }
        fields[position] = field
    }

    /// White space at the ends of what was appended from `start` goes, and a run of it inside becomes one space.
    private mutating func fold(from start: Int) {
        // Nearly no value has any.
        guard unsafe text.elements[start...].contains(where: Self.isSpace) else { return }
        var end = start
        var isSpacePending = false
        for index in start..<text.count {
            let byte = text[index]
            if Self.isSpace(byte) {
                isSpacePending = true
                continue
            }
            if isSpacePending, end > start {
                text[end] = 0x20
                end += 1
            }
            isSpacePending = false
            text[end] = byte
            end += 1
        }
        text.removeLast(text.count - end)
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || (0x09...0x0D).contains(byte))
    }

    private func compareNames(_ left: Field, _ right: Field) -> Int {
        let leftCount = left.middle - left.start
        let rightCount = right.middle - right.start
        // `insert` made the ranges, within the text.
        let difference = unsafe memcmp(text.base + left.start, text.base + right.start, min(leftCount, rightCount))
        return difference == 0 ? leftCount - rightCount : Int(difference)
    }

    /// `name:value\n` for each name.
    func appendLines(to buffer: inout RawArray<UInt8>) {
        for index in 0..<fields.count {
            let field = fields[index]
            if index > 0, compareNames(fields[index - 1], field) == 0 {
                buffer[buffer.count - 1] = UInt8(ascii: ",")
            } else {
                unsafe buffer.append(text.base + field.start, count: field.middle - field.start)
                buffer.append(UInt8(ascii: ":"))
            }
            unsafe buffer.append(text.base + field.middle, count: field.end - field.middle)
            buffer.append(UInt8(ascii: "\n"))
        }
    }

    /// `name;name;name`.
    func appendNames(to buffer: inout RawArray<UInt8>) {
        for index in 0..<fields.count {
            let field = fields[index]
            if index > 0 {
                if compareNames(fields[index - 1], field) == 0 { continue }
                buffer.append(UInt8(ascii: ";"))
            }
            unsafe buffer.append(text.base + field.start, count: field.middle - field.start)
        }
    }
}
