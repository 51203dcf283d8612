import Glibc
import Runtime

/// Standard output and standard error, shared by all threads: whole lines, and a live line below them on a terminal.
final class Console: Sendable {
    private struct State {
        var pending: [UInt8] = []
        /// Whether the live line is on the screen.
        var isLive = false
        /// Why standard output takes no more, as `errno`; 0 while it does.
        var failure: Int32 = 0
        /// Where lines go whose reader nobody waits for.
        var patient: (output: PatientOutput, error: PatientOutput)?

        mutating func put(_ bytes: [UInt8], to descriptor: Int32) {
            if let patient {
                (descriptor == STDOUT_FILENO ? patient.output : patient.error).put(bytes)
                if descriptor == STDOUT_FILENO, failure == 0 { failure = patient.output.failure }
            } else if !Console.write(bytes, to: descriptor), descriptor == STDOUT_FILENO {
                failure = errno
            }
        }
    }

    private let state = Mutex(State())
    /// Whether people watch standard error.
    let isTerminal: Bool
    /// Whether people watch standard output.
    let printsToTerminal: Bool

    init() {
        isTerminal = isatty(STDERR_FILENO) == 1
        printsToTerminal = isatty(STDOUT_FILENO) == 1
    }

    /// From now on nobody waits for those who read what is printed: a watch goes on though its log is stuck.
    func waitForNobody() {
        state.withLock { $0.patient = (PatientOutput(STDOUT_FILENO), PatientOutput(STDERR_FILENO)) }
    }

    /// How many lines were dropped since the last call, because nobody read them.
    func takeDropped() -> Int {
        guard let patient = state.withLock({ $0.patient }) else { return 0 }
        return patient.output.takeDropped() + patient.error.takeDropped()
    }

    /// Puts a line on standard output: at once on a terminal, otherwise with others, at the latest by `flush`.
    func print(_ text: String, terminator: String = "\n") {
        state.withLock { state in
            state.pending += Array(text.utf8) + Array(terminator.utf8)
            if printsToTerminal || state.pending.count > 16 << 10 { Self.flush(&state, isTerminal: isTerminal) }
        }
    }

    /// Puts bytes on standard output, as `print` does with text.
    func write(_ bytes: [UInt8]) {
        state.withLock { state in
            state.pending += bytes
            if printsToTerminal || state.pending.count > 16 << 10 { Self.flush(&state, isTerminal: isTerminal) }
        }
    }

    /// Columns of the terminal that standard output is; 80 where it does not tell.
    var columns: Int {
        var size = winsize()
        let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Puts a line on standard error.
    func warn(_ text: String) {
        state.withLock { state in
            Self.clearLive(&state)
            // Keys and servers' words may hold anything; a line stays a line and steers no terminal.
            state.put(Array(Text.printable(text).utf8) + [0x0A], to: STDERR_FILENO)
        }
    }

    /// Replaces the live line; nothing where standard error is no terminal.
    func showLive(_ text: String) {
        guard isTerminal else { return }
        state.withLock { state in
            var size = winsize()
            // Pseudo-terminals of containers and scripts may have no size.
            let isKnown = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
            let width = isKnown ? Int(size.ws_col) : 80
            let line = "\r\u{1B}[K" + text.prefix(max(20, width - 1))
            Self.write(Array(line.utf8), to: STDERR_FILENO)
            state.isLive = true
        }
    }

    func flush() {
        _ = outputFailure()
    }

    /// Why not all that was printed so far is out, as `errno`; 0 if it is. `EPIPE` says that a reader wanted no more.
    func outputFailure() -> Int32 {
        state.withLock { state in
            Self.flush(&state, isTerminal: isTerminal)
            return state.failure
        }
    }

    /// Ends the process, after what was printed is out.
    func exit(_ code: ExitCode) -> Never {
        let isClosed = state.withLock { state in
            Self.clearLive(&state)
            Self.flush(&state, isTerminal: isTerminal)
            return state.failure != 0
        }
        if isClosed, code == .done {
            warn("minio-sync: Standard output could not be written, so what was done is not all told; check its disk.")
            _exit(ExitCode.failed.rawValue)
        }
        if let patient = state.withLock({ $0.patient }) {
            _ = patient.output.settle(milliseconds: 500)
            _ = patient.error.settle(milliseconds: 500)
        }
        // Threads still hold sockets and files: the kernel closes them; running C's exit handlers under them is unsafe.
        _exit(code.rawValue)
    }

    private static func flush(_ state: inout State, isTerminal: Bool) {
        guard !state.pending.isEmpty else { return }
        clearLive(&state)
        if state.failure == 0 { state.put(state.pending, to: STDOUT_FILENO) }
        state.pending.removeAll(keepingCapacity: true)
    }

    private static func clearLive(_ state: inout State) {
        guard state.isLive else { return }
        write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO)
        state.isLive = false
    }

    @discardableResult
    fileprivate static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
