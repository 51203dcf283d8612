import Glibc
import Reactor
import Runtime

/// One HTTP request, signed and ready to go.
struct HTTPRequest {
    enum Method: String {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    enum Body {
        case none
        /// Held and sent in one piece, with its length.
        case block(ByteBlock)
        /// Taken from the ring as it fills; exactly `length` bytes.
        case ring(ByteRing, length: Int64)
    }

    /// Where the body of a 2xx answer goes. Other bodies are held, up to 64 KiB, for the error they tell.
    @safe enum Sink {
        /// Held, up to `limit` bytes; one more fails the transfer.
        case block(limit: Int)
        case ring(ByteRing)
        /// Given piece by piece; false fails the transfer.
        case pieces((UnsafeRawBufferPointer) -> Bool)
    }

    /// How long its answer may let one wait.
    enum Patience {
        /// As the connection's time-outs tell.
        case ordinary
        /// A small exchange, sent for the `attempt`th time (from 1): given up sooner where newer ones overtake it.
        case quick(attempt: Int)
        /// An answer without an end, with times of its own. No bandwidth limit holds it up.
        case endless(firstByte: Duration, silence: Duration)

        /// The connection's times as they hold for such an answer. It is overtaken if a request to the same server that
        /// began later has an answer.
        func adjusted(_ timeouts: ConnectionOptions.Timeouts, isOvertaken: Bool) -> ConnectionOptions.Timeouts {
            var timeouts = timeouts
            switch self {
            case .quick(let attempt) where isOvertaken:
                timeouts.firstByte = min(timeouts.firstByte, timeouts.overtaken * (1 << min(attempt - 1, 20)))
            case .endless(let firstByte, let silence):
                timeouts.firstByte = firstByte
                timeouts.stall = silence
            case .ordinary, .quick: break
            }
            return timeouts
        }
    }

    var method: Method
    var url: String
    /// Complete lines, `Name: value`; `Name;` sends an empty value.
    var headers: [String]
    var body = Body.none
    var sink = Sink.block(limit: 1 << 20)
    var connection: ConnectionOptions
    /// Opens a connection for this request. On one that was used before, libcurl repeats a request whose answer was lost
    /// on its own, which does harm where it takes effect twice.
    var needsFreshConnection = false
    var patience = Patience.ordinary
    /// Where bytes taken from a ring are counted.
    var counters: RequestCounters?
    /// Called on the reactor's thread once the headers of a final (not 1xx) answer are complete.
    var onHead: ((HTTPHead) -> Void)?
}

/// Status and headers of an answer.
struct HTTPHead {
    let status: Int
    /// The header lines as received, each ended by CRLF.
    private let block: [UInt8]

    init(status: Int, block: [UInt8]) {
        self.status = status
        self.block = block
    }

    var isSuccess: Bool { (200..<300).contains(status) }

    /// The value of the first header with this name (given in lower case), trimmed; nil if absent.
    subscript(name: StaticString) -> String? {
        let wanted = unsafe UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var found: String?
        unsafe forEachLine { line in
            guard
                unsafe wanted.count > 0 && line.count > wanted.count && line[wanted.count] == Self.colon
                    && Self.begins(line, with: wanted)
            else { return true }
            found = unsafe Self.trimmed(line.dropFirst(wanted.count + 1))
            return false
        }
        return found
    }

    /// Calls `body` with each name in lower case and its value, for names that begin with `prefix` (lower case), which
    /// it leaves out.
    func forEach(prefix: StaticString, _ body: (String, String) -> Void) {
        let wanted = unsafe UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
        unsafe forEachLine { line in
            guard unsafe Self.begins(line, with: wanted), let colon = unsafe line.firstIndex(of: Self.colon) else {
                return true
            }
            let name = unsafe line[wanted.count..<max(colon, wanted.count)].map(Self.lowered)
            body(String(decoding: name, as: UTF8.self), unsafe Self.trimmed(line.dropFirst(colon + 1)))
            return true
        }
    }

    private static let colon = UInt8(ascii: ":")

    /// Calls `body` with each line without its LF, until it returns false.
    private func forEachLine(_ body: (UnsafeRawBufferPointer) -> Bool) {
        unsafe block.withUnsafeBytes { block in
            var start = 0
            while start < block.count, let base = block.baseAddress,
                let feed = unsafe memchr(base + start, 0x0A, block.count - start)
            {
                let end = unsafe UnsafeRawPointer(feed) - base
                guard unsafe body(UnsafeRawBufferPointer(rebasing: block[start..<end])) else { return }
                start = end + 1
            }
        }
    }

    private static func begins(_ line: UnsafeRawBufferPointer, with name: UnsafeRawBufferPointer) -> Bool {
        guard line.count >= name.count else { return false }
        for index in 0..<name.count where unsafe lowered(line[index]) != name[index] { return false }
        return true
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ value: Slice<UnsafeRawBufferPointer>) -> String {
        var value = unsafe value
        while let first = unsafe value.first, first <= 0x20 { unsafe value.removeFirst() }
        while let last = unsafe value.last, last <= 0x20 { unsafe value.removeLast() }
        return unsafe String(decoding: UnsafeRawBufferPointer(rebasing: value), as: UTF8.self)
    }
}

/// A finished exchange.
struct HTTPResponse {
    let head: HTTPHead
    /// The body, unless it went to a ring or was given away in pieces.
    let body: ByteBlock
}

/// Why an exchange did not finish.
enum TransferError: Error {
    /// libcurl's code and its sentence.
    case curl(code: UInt32, message: String)
    /// No connection, no first byte, or no bytes at all for as long as allowed.
    case timedOut(TimeoutStage)
    case cancelled
    /// More bytes than the request allows to be held.
    case tooLarge(limit: Int)
    /// The receiver of the pieces refused them; it knows why.
    case refusedBySink
}

/// The phases of an exchange that have a time-out each. None limits the whole, which a large object may rightly take.
public enum TimeoutStage: String, Sendable {
    case connect
    case firstByte = "first byte"
    case stall
}
