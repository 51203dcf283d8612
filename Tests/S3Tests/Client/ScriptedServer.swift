import Glibc
import Runtime

/// A port of this machine on which nobody listens, and nobody will as long as this lives.
final class ClosedPort: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
        (descriptor, port) = try boundSocket()
    }

    deinit {
        close(descriptor)
    }
}

/// A socket on a free port of 127.0.0.1, not listening.
private func boundSocket() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            unsafe bind(descriptor, pointer, size) == 0 && getsockname(descriptor, pointer, &size) == 0
        }
    }
    guard descriptor >= 0, isBound else { throw ScriptedServer.Failure() }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// A server that says what it is told to, byte for byte, for answers that no real one gives on demand.
///
/// One connection at a time is served to its end; each request is answered with the next text of the script, and the
/// connection is closed after the last one, or after one that says so.
final class ScriptedServer: Sendable {
    let port: Int
    private let listener: Int32
    private let log = Mutex((requests: [String](), connections: 0))

    struct Failure: Error {}

    /// The heads of the requests so far.
    var requests: [String] { log.withLock { $0.requests } }
    /// How many connections were made so far.
    var connections: Int { log.withLock { $0.connections } }

    /// Answers with `script` in order. The texts are sent as they are. After the last one the connection is closed, or
    /// held in silence until the client leaves.
    init(_ script: [String], holdsLast: Bool = false) throws {
        (listener, port) = try boundSocket()
        guard listen(listener, 64) == 0 else { throw Failure() }
        let listener = self.listener
        let log = self.log
        Thread.start(name: "scripted") { Self.serve(script, holdsLast, listener, log) }
    }

    deinit {
        // Wakes the thread, which closes it.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func serve(
        _ script: [String], _ holdsLast: Bool, _ listener: Int32, _ log: Mutex<(requests: [String], connections: Int)>
    ) {
        var rest = script[...]
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            log.withLock { $0.connections += 1 }
            while let request = readRequest(connection) {
                log.withLock { $0.requests.append(request) }
                guard let answer = rest.popFirst() else { break }
                let bytes = Array(answer.utf8)
                unsafe _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                if rest.isEmpty, holdsLast { _ = readRequest(connection) }
                if rest.isEmpty || answer.contains("Connection: close") { break }
            }
            close(connection)
        }
        close(listener)
    }

    /// The head of a request, after its body was read too; nil at the end of the connection.
    private static func readRequest(_ connection: Int32) -> String? {
        var received: [UInt8] = []
        var expected = Int.max
        while received.count < expected {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            received += buffer[..<count]
            guard expected == .max else { continue }
            let text = String(decoding: received, as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
            expected = text[..<end.upperBound].utf8.count + bodyLength(text)
        }
        let text = String(decoding: received, as: UTF8.self)
        return text.firstRange(of: "\r\n\r\n").map { String(text[..<$0.lowerBound]) }
    }

    private static func bodyLength(_ head: String) -> Int {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
            return Int(line.dropFirst(15).filter { $0 != " " }) ?? 0
        }
        return 0
    }
}
