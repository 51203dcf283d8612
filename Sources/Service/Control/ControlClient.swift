import Glibc
public import Runtime

/// The other end of a `ControlServer`.
public enum ControlClient {
    /// The longest answer that is read.
    static let largestAnswer = 16 << 20

    /// Asks the watch behind the socket `path` and gives its answer, one JSON object without a line break.
    ///
    /// It blocks for at most `timeout`: not for reactors.
    ///
    /// - Throws: `ControlError` where nobody answers in time. What the watch refuses is an answer, `{"error":"…"}`.
    public static func ask(
        path: String, _ request: ControlRequest, timeout: Duration, time: any Time
    ) throws(ControlError) -> String {
        let call = Call(
            path: path, timeout: timeout, deadline: time.now().addingSaturated(timeout.nanoseconds),
            time: time)
        let socket = try call.connected()
        try call.send(request.line, to: socket)
        return try call.answer(from: socket)
    }

    private struct Call {
        let path: String
        let timeout: Duration
        /// In monotonic nanoseconds.
        let deadline: Int64
        let time: any Time

        func connected() throws(ControlError) -> Descriptor {
            var file: Descriptor?
            guard let address = UnixAddress(existing: path, keeping: &file),
                let socket = unixSocket(SOCK_STREAM, isBlocking: false)
            else { throw failure(errno) }
            defer { withExtendedLifetime(file) {} }
            while unsafe address.withSystemAddress({ unsafe connect(socket.number, $0, $1) }) != 0 {
                guard errno == EAGAIN || errno == EINTR else { throw failure(errno) }
                if time.now() >= deadline { throw ControlError(path: path, .timedOut(timeout)) }
                // The queue of a Unix socket is full, for which poll(2) has no event; it blocks the client's own process.
                BlockingPause.sleep(milliseconds: 10)
            }
            return socket
        }

        func send(_ bytes: [UInt8], to socket: Descriptor) throws(ControlError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    unsafe Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EPIPE || errno == ECONNRESET {
                    // Who refuses may answer before it has read all.
                    return
                } else {
                    try wait(for: POLLOUT, socket)
                }
            }
        }

        func answer(from socket: Descriptor) throws(ControlError) -> String {
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = unsafe recv(socket.number, &buffer, buffer.count, 0)
                if count > 0 {
                    answer += buffer[..<count]
                    if answer.count > ControlClient.largestAnswer { throw ControlError(path: path, .answerTooLong) }
                } else if count == 0 || errno == ECONNRESET {
                    // Without its line break it is only a part.
                    guard answer.last == 0x0A else { throw ControlError(path: path, .ended) }
                    return String(decoding: answer.dropLast(), as: UTF8.self)
                } else {
                    try wait(for: POLLIN, socket)
                }
            }
        }

        /// To be called after a failed system call; throws for failures other than that it would have to wait.
        private func wait(for event: Int32, _ socket: Descriptor) throws(ControlError) {
            guard errno == EAGAIN || errno == EINTR else { throw failure(errno) }
            let left = deadline - time.now()
            if left <= 0 { throw ControlError(path: path, .timedOut(timeout)) }
            var polled = pollfd(fd: socket.number, events: Int16(event), revents: 0)
            _ = unsafe poll(&polled, 1, Int32(clamping: left / 1_000_000 + 1))
        }

        private func failure(_ code: Int32) -> ControlError {
            switch code {
            case ENOENT, ENOTDIR, ECONNREFUSED: ControlError(path: path, .notRunning)
            default: ControlError(path: path, .inaccessible(systemWords(code)))
            }
        }
    }
}
