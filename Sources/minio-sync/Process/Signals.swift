import Glibc
import Runtime

/// The signals that the process takes, on a thread that waits for them.
enum Signals {
    private static let taken = [SIGINT, SIGTERM, SIGHUP, SIGUSR1]

    private static func set(_ numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in numbers { unsafe sigaddset(&set, number) }
        return set
    }

    /// Keeps the signals from ending the process; must be called before any thread starts.
    static func block() {
        var set = set(taken)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Calls `first` for the first signal that ends the process (SIGINT, SIGTERM, and SIGHUP unless it has a meaning of its
    /// own), on a thread of its own; the second one ends the process at once with 130.
    ///
    /// - Parameters:
    ///   - reload: called for SIGHUP.
    ///   - reconcile: called for SIGUSR1, which is ignored without it.
    static func whenEnding(
        reload: (@Sendable () -> Void)? = nil, reconcile: (@Sendable () -> Void)? = nil,
        _ first: @escaping @Sendable () -> Void
    ) {
        Thread.start(name: "signals") {
            var set = set(taken)
            var endedAt: Int64?
            while true {
                var number: Int32 = 0
                unsafe sigwait(&set, &number)
                switch number {
                case SIGUSR1: reconcile?()
                case SIGHUP where reload != nil: reload?()
                default:
                    let now = Machine.time.now()
                    // One key press may arrive twice, from the terminal and from a parent that passes it on.
                    if let endedAt, now - endedAt > 300_000_000 { _exit(ExitCode.interrupted.rawValue) }
                    if endedAt == nil {
                        endedAt = now
                        first()
                    }
                }
            }
        }
    }
}
