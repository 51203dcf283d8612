import CLinux
import Glibc
import ObjectModel
import Runtime

/// Wakes every thread that waits for a client when the server ends.
final class StopSignal: Sendable {
    private let descriptor: Int32

    init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    }

    deinit {
        close(descriptor)
    }

    /// For good: the descriptor stays readable.
    func raise() {
        _ = eventfd_write(descriptor, 1)
    }

    enum Wake {
        case timeout, stopped, clientGone, ready
    }

    /// Blocks the calling thread until the client closes its side, the server ends, `other` becomes readable or the
    /// time (milliseconds; nil for none) is up.
    func wait(client: Int32, other: Int32 = -1, milliseconds: Int?) -> Wake {
        // Glibc hides POLLRDHUP behind _GNU_SOURCE; the value is the kernel's.
        let peerClosed = Int16(0x2000)
        let deadline = milliseconds.map { Clock.monotonic() + Int64($0) * 1_000_000 }
        while true {
            var files = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: client, events: peerClosed, revents: 0),
                pollfd(fd: other, events: Int16(POLLIN), revents: 0),
            ]
            // Rounded up: never woken before the time is up.
            let left =
                deadline.map { Int32(clamping: max(0, $0 - Clock.monotonic() + 999_999) / 1_000_000) } ?? -1
            let count = unsafe poll(&files, nfds_t(files.count), left)
            if count < 0, errno == EINTR { continue }
            if files[0].revents != 0 { return .stopped }
            if files[1].revents != 0 { return .clientGone }
            if files[2].revents != 0 { return .ready }
            return .timeout
        }
    }
}
