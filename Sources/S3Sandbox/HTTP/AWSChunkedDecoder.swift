import S3

/// Takes the `aws-chunked` content encoding off a body: `SIZE[;chunk-signature=…]\r\n BYTES \r\n … 0\r\n trailers \r\n`.
///
/// Source: "Signature calculations: transferring payload in multiple chunks", S3 API reference. The signatures of the
/// single chunks are not checked; the seed signature, in the header, is.
struct AWSChunkedDecoder {
    private enum State {
        case size
        /// This many are left of the chunk.
        case bytes(Int)
        case end
        case trailers
        case done
    }

    private var state = State.size
    private var line: [UInt8] = []
    /// Header fields after the last chunk, names in lower case.
    private(set) var trailers: [HeaderField] = []

    var isComplete: Bool {
        switch state {
        case .done: true
        // Some clients leave out the last empty line where there are no trailers.
        case .trailers: line.isEmpty
        default: false
        }
    }

    /// Calls `sink` with the content in `bytes`.
    mutating func decode(_ bytes: [UInt8], _ sink: (RawSpan) throws -> Void) throws {
        var index = 0
        while index < bytes.count {
            switch state {
            case .bytes(let left):
                let end = min(bytes.count, index + left)
                unsafe try sink(bytes.span.extracting(index..<end).bytes)
                state = end - index == left ? .end : .bytes(left - (end - index))
                index = end
            case .done:
                return
            default:
                let byte = bytes[index]
                index += 1
                if byte != UInt8(ascii: "\n") {
                    guard line.count < 8192 else { throw ErrorAnswer.invalidRequest("A chunk has no end.") }
                    line.append(byte)
                    continue
                }
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                try finishLine()
                line = []
            }
        }
    }

    private mutating func finishLine() throws {
        switch state {
        case .size:
            let digits = line.prefix { $0 != UInt8(ascii: ";") }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else {
                throw ErrorAnswer.invalidRequest("A chunk has no valid size.")
            }
            state = size == 0 ? .trailers : .bytes(size)
        case .end:
            state = .size
        case .trailers:
            if line.isEmpty {
                state = .done
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
                let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
                trailers.append(HeaderField(name, String(value.drop { $0 == " " })))
            }
        case .bytes, .done: break
        }
    }
}
