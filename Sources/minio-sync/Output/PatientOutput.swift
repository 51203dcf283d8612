import Glibc
import Runtime

/// Puts whole lines on a descriptor without waiting for whoever reads them: what they do not take waits in memory, and what
/// finds no room there is dropped and counted. For a process that must go on while nobody reads its log.
final class PatientOutput: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        /// Whether a thread puts out what waits.
        var isDraining = false
        var dropped = 0
        /// Why the descriptor takes no more, as `errno`; 0 while it does.
        var failure: Int32 = 0

        /// Lines could not be written. A disk that is full has room again some day; a reader who left does not come back.
        mutating func note(_ code: Int32, _ lines: some Sequence<UInt8>) {
            guard code != 0 else { return }
            for byte in lines where byte == 0x0A { dropped += 1 }
            if code == EPIPE || code == EBADF { failure = code }
        }
    }

    private let descriptor: Int32
    private let limit: Int
    private let state = Mutex(State())
    /// A pipe or socket that is ready takes so many bytes at once (`PIPE_BUF`).
    private static let atOnce = 4096
    private static let piece = 64 << 10

    /// - Parameter limit: bytes that may wait.
    init(_ descriptor: Int32, limit: Int = 4 << 20) {
        self.descriptor = descriptor
        self.limit = limit
    }

    /// Why the descriptor takes no more, as `errno`; 0 while it does.
    var failure: Int32 { state.withLock { $0.failure } }

    /// How many lines were dropped since the last call.
    func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }

    /// Puts out bytes that end with a line break, now or as soon as they are taken.
    func put(_ lines: [UInt8]) {
        let mustDrain = state.withLock { state -> Bool in
            if state.failure != 0 { return false }
            if !state.isDraining, lines.count <= Self.atOnce, isReady {
                state.note(Self.write(lines[...], to: descriptor), lines)
                return false
            }
            guard state.waiting.count + lines.count <= limit else {
                state.dropped += lines.count { $0 == 0x0A }
                return false
            }
            state.waiting += lines
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustDrain { Thread.start(name: "output") { [self] in drain() } }
    }

    /// Whether all is out; waits for that, but no longer than so many milliseconds.
    func settle(milliseconds: Int) -> Bool {
        for _ in 0..<max(1, milliseconds) {
            if state.withLock({ !$0.isDraining }) { return true }
            // The process is at its end, and the thread that writes cannot be waited for.
            BlockingPause.sleep(milliseconds: 1)
        }
        return state.withLock { !$0.isDraining }
    }

    private var isReady: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLOUT) != 0
    }

    /// On a thread of its own, which may wait.
    private func drain() {
        while true {
            let piece = state.withLock { state -> ArraySlice<UInt8> in
                let piece = state.waiting.prefix(Self.piece)
                if piece.isEmpty { state.isDraining = false }
                return piece
            }
            guard !piece.isEmpty else { return }
            let failure = Self.write(piece, to: descriptor)
            state.withLock { state in
                state.waiting.removeFirst(piece.count)
                state.note(failure, piece)
                if state.failure != 0 { state.waiting = [] }
            }
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN {
                    // Somebody made it so that writes do not wait: this thread waits.
                    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    unsafe poll(&entry, 1, 1000)
                    continue
                }
                return errno
            }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}
