import Glibc
import Runtime

/// One client of the control socket: its request as far as it has come, then its answer as far as it has gone.
struct ControlConnection {
    let descriptor: Descriptor
    /// When it is dropped if it has not gone on, in monotonic nanoseconds.
    private(set) var deadline: Int64

    private let patience: Int64
    private var request: [UInt8] = []
    private var answer: [UInt8]?
    private var sent = 0

    init(_ descriptor: Descriptor, patience: Int64, now: Int64) {
        self.descriptor = descriptor
        self.patience = patience
        deadline = now + patience
    }

    /// What poll(2) is to wait for.
    var events: Int16 { Int16(answer == nil ? POLLIN : POLLOUT) }

    /// Reads or writes what can be without waiting. Whether the connection goes on.
    mutating func advance(_ time: any Time, _ answer: (ControlRequest) -> String) -> Bool {
        if self.answer == nil {
            guard receive() else { return false }
            if let end = request.firstIndex(of: 0x0A), end < ControlRequest.largestLine {
                let text = ControlRequest(line: request[..<end]).map(answer) ?? Self.refusal("This is no request.")
                self.answer = Array(text.utf8) + [0x0A]
            } else if request.count >= ControlRequest.largestLine {
                self.answer = Array(Self.refusal("The request is too long.").utf8) + [0x0A]
            } else {
                return true
            }
            // Making an answer takes time that is not the client's.
            deadline = time.now() + patience
        }
        return send()
    }

    private static func refusal(_ why: String) -> String {
        var json = JSONText()
        json.set("error", why)
        return json.object
    }

    private mutating func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while request.count < ControlRequest.largestLine {
            let count = unsafe recv(descriptor.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            // A client that ends before its line has nothing to ask.
            if count == 0 { return request.contains(0x0A) }
            request += buffer[..<count]
            if buffer[..<count].contains(0x0A) { break }
        }
        return true
    }

    private mutating func send() -> Bool {
        guard let answer else { return false }
        while sent < answer.count {
            let count = unsafe answer[sent...].withUnsafeBytes { rest in
                unsafe Glibc.send(
                    descriptor.number, rest.baseAddress, rest.count,
                    Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            sent += count
        }
        return false
    }
}
