import CLinux
import Glibc
public import Runtime

/// The Unix socket by which other commands speak to a running watch: one line of JSON there, one back, then closed.
///
/// It has a thread of its own. Its file has mode 0600, and only processes of the same user or of root are answered. A
/// client that says nothing, or does not take its answer, is dropped after five seconds and keeps nobody else waiting.
public final class ControlServer: Sendable {
    private let loop: ControlLoop

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - path: the socket's file, of any length. One that a dead process left is replaced.
    ///   - answer: makes the answer, one JSON object without line breaks. It is called on the server's thread, one
    ///     request at a time, so it must be quick and must not call `close()`. A line that is no request is answered
    ///     with `{"error":"…"}` without it.
    /// - Throws: `ControlError` where another living process has the socket, or the system refuses it.
    public convenience init(
        path: String, time: any Time, answer: @escaping @Sendable (ControlRequest) -> String
    ) throws(ControlError) {
        let own = geteuid()
        try self.init(
            path: path, patience: .seconds(5), time: time, accepts: { Self.isTrusted($0, own: own) }, answer: answer)
    }

    init(
        path: String, patience: Duration, time: any Time, accepts: @escaping @Sendable (uid_t) -> Bool,
        answer: @escaping @Sendable (ControlRequest) -> String
    ) throws(ControlError) {
        let socket = try ControlSocket(path: path)
        guard let wake = Descriptor(eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))) else {
            let code = errno
            socket.remove()
            throw ControlError(path: path, .inaccessible(systemWords(code)))
        }
        let loop = ControlLoop(
            socket: socket, wake: wake, patience: patience.nanoseconds, time: time, accepts: accepts,
            answer: answer)
        self.loop = loop
        Thread.start(name: "control") { loop.run() }
    }

    /// Whether a peer of this user may give orders: the same user and root.
    static func isTrusted(_ user: uid_t, own: uid_t) -> Bool { user == own || user == 0 }

    /// Ends the thread, drops who is still connected and removes the file; all of it is done when this returns.
    public func close() {
        loop.stop()
        loop.waitForEnd()
    }

    deinit {
        loop.stop()
    }
}
