import CLinux
import Glibc
import Runtime

/// What the thread of a `ControlServer` does: waits for clients and serves each as far as it can without waiting.
final class ControlLoop: Sendable {
    /// More clients than these wait in the kernel's queue.
    static let mostClients = 64

    private let socket: ControlSocket
    /// An eventfd that ends the loop.
    private let wake: Descriptor
    /// How long a client may stand still, in nanoseconds.
    private let patience: Int64
    private let time: any Time
    private let accepts: @Sendable (uid_t) -> Bool
    private let answer: @Sendable (ControlRequest) -> String
    private let ended = Semaphore()

    init(
        socket: ControlSocket, wake: Descriptor, patience: Int64, time: any Time,
        accepts: @escaping @Sendable (uid_t) -> Bool,
        answer: @escaping @Sendable (ControlRequest) -> String
    ) {
        self.socket = socket
        self.wake = wake
        self.patience = patience
        self.time = time
        self.accepts = accepts
        self.answer = answer
    }

    func stop() {
        _ = eventfd_write(wake.number, 1)
    }

    func waitForEnd() {
        ended.wait()
        // For the next caller.
        ended.signal()
    }

    func run() {
        var connections: [ControlConnection] = []
        while true {
            var polled = [pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0)]
            // A negative descriptor is passed over.
            let listening = connections.count < Self.mostClients ? socket.descriptor.number : -1
            polled.append(pollfd(fd: listening, events: Int16(POLLIN), revents: 0))
            polled += connections.map { pollfd(fd: $0.descriptor.number, events: $0.events, revents: 0) }
            _ = unsafe poll(&polled, nfds_t(polled.count), timeout(connections))
            if polled[0].revents != 0 { break }

            let now = time.now()
            var remaining: [ControlConnection] = []
            for (index, connection) in connections.enumerated() {
                var connection = connection
                let isOpen = polled[index + 2].revents == 0 || connection.advance(time, answer)
                if isOpen, connection.deadline > now { remaining.append(connection) }
            }
            connections = remaining
            if polled[1].revents != 0, let connection = accept(now) { connections.append(connection) }
        }
        socket.remove()
        ended.signal()
    }

    /// Until the first deadline, in milliseconds; -1 for ever.
    private func timeout(_ connections: [ControlConnection]) -> Int32 {
        guard let first = connections.map(\.deadline).min() else { return -1 }
        return Int32(clamping: max(0, (first - time.now()) / 1_000_000 + 1))
    }

    private func accept(_ now: Int64) -> ControlConnection? {
        guard let client = Descriptor(Glibc.accept(socket.descriptor.number, nil, nil)) else {
            // Without descriptors the client stays in the queue, and poll(2) tells of it at once: no use in asking for it
            // at full speed. The thread is the socket's own.
            if errno == EMFILE || errno == ENFILE || errno == ENOMEM { BlockingPause.sleep(milliseconds: 100) }
            return nil
        }
        _ = fcntl(client.number, F_SETFD, FD_CLOEXEC)
        guard let user = Self.user(of: client), accepts(user) else { return nil }
        return ControlConnection(client, patience: patience, now: now)
    }

    /// The effective user of the process at the other end when it connected. `SO_PEERCRED` gives process, user and group
    /// as three 32-bit numbers, see unix(7).
    private static func user(of client: Descriptor) -> uid_t? {
        var credentials: [UInt32] = [0, 0, 0]
        var size = socklen_t(3 * MemoryLayout<UInt32>.size)
        guard unsafe getsockopt(client.number, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, size == 12 else {
            return nil
        }
        return credentials[1]
    }
}
