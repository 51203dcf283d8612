import Glibc
import ObjectModel
import Runtime
import S3

@testable import S3Sandbox

/// A client on a plain socket: what it sends is exactly what a test says, and what it got is all that came, whole or not.
struct TestClient {
    let port: Int
    var credentials = Credentials(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    var region = "us-east-1"
    /// Seconds by which its clock is ahead.
    var clockOffset = 0.0

    struct Answer {
        var status: Int
        /// By lower-case name.
        var headers: [String: String]
        var body: [UInt8]
        /// Whether as much came as was announced.
        var isWhole: Bool

        var text: String { String(decoding: body, as: UTF8.self) }

        /// The texts of all elements of that name.
        func elements(_ name: String) -> [String] {
            text.components(between: "<\(name)>", and: "</\(name)>")
        }

        var code: String? { elements("Code").first }
    }

    static func now() -> Timestamp { Clock.now() }

    init(_ server: Sandbox) {
        port = server.port
    }

    /// `path` is as it goes onto the wire; `query` too.
    func request(
        _ method: String, _ path: String, query: String = "", headers: [HeaderField] = [], body: [UInt8] = [],
        payload: PayloadHash? = nil, extra: [HeaderField] = []
    ) -> Answer? {
        let host = "127.0.0.1:\(port)"
        let signer = SignatureV4(
            credentials: credentials, region: region, date: Clock.now(offset: clockOffset))
        let request = SignableRequest(
            method: method, host: host, path: SignatureV4.canonicalPath(received: Array(path.utf8)),
            query: SignatureV4.canonicalQuery(received: Array(query.utf8)), headers: headers,
            payload: payload ?? .of(body))
        let fields =
            headers + extra + signer.addedHeaders(for: request)
            + [HeaderField("authorization", signer.authorization(for: request))]
        return send(method, query.isEmpty ? path : "\(path)?\(query)", fields, body)
    }

    /// Sends without signing. Nil where nothing at all came back.
    func send(_ method: String, _ target: String, _ headers: [HeaderField] = [], _ body: [UInt8] = []) -> Answer? {
        let connection = Connection(port: port)
        connection.write(head(method, target, headers, body.count) + body)
        return Self.parse(connection.readAll(), isHead: method == "HEAD")
    }

    func head(_ method: String, _ target: String, _ headers: [HeaderField], _ length: Int) -> [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\nConnection: close\r\n"
        if !headers.contains(where: { $0.name == "host" }) { text += "Host: 127.0.0.1:\(port)\r\n" }
        for header in headers { text += "\(header.name): \(header.value)\r\n" }
        if length > 0 || method == "PUT" || method == "POST" { text += "Content-Length: \(length)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    private static func parse(_ bytes: [UInt8], isHead: Bool) -> Answer? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 "), let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers[pair[0].lowercased()] = pair.count > 1 ? String(pair[1].drop { $0 == " " }) : ""
        }
        let body = Array(bytes[end.upperBound...])
        let announced = headers["content-length"].flatMap { Int($0) }
        return Answer(
            status: Int(lines[0].split(separator: " ")[1]) ?? 0, headers: headers, body: body,
            isWhole: isHead || announced == body.count)
    }

    /// A blocking socket that gives up after five seconds without a byte.
    final class Connection {
        private let file: Int32

        init(port: Int) {
            file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            _ = unsafe withUnsafePointer(to: &address) {
                unsafe connect(
                    file, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
            setPatience(milliseconds: 5000)
        }

        deinit {
            close(file)
        }

        func setPatience(milliseconds: Int) {
            var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
            unsafe setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        }

        func write(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let rest = Array(bytes[sent...])
                let count = unsafe Glibc.send(file, rest, rest.count, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return }
                sent += count
            }
        }

        /// What comes next, empty at the end or when patience is over.
        func read() -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(file, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer.prefix(count)) : []
        }

        func readAll() -> [UInt8] {
            var all: [UInt8] = []
            while true {
                let piece = read()
                if piece.isEmpty { return all }
                all += piece
            }
        }
    }
}

extension [UInt8] {
    func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        guard count >= pattern.count else { return nil }
        for start in 0...(count - pattern.count) where self[start...].starts(with: pattern) {
            return start..<start + pattern.count
        }
        return nil
    }
}

extension String {
    func components(between start: String, and end: String) -> [String] {
        var found: [String] = []
        var rest = Array(utf8)
        while let opening = rest.firstRange(of: Array(start.utf8)) {
            rest = Array(rest[opening.upperBound...])
            guard let closing = rest.firstRange(of: Array(end.utf8)) else { break }
            found.append(String(decoding: rest[..<closing.lowerBound], as: UTF8.self))
            rest = Array(rest[closing.upperBound...])
        }
        return found
    }
}
