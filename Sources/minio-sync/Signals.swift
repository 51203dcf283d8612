import Glibc
import Runtime

/// SIGINT and SIGTERM, taken by a thread that waits for them.
enum Signals {
    private static func ending() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGINT)
        unsafe sigaddset(&set, SIGTERM)
        return set
    }

    /// Keeps the signals from ending the process; must be called before any thread starts.
    static func block() {
        var set = ending()
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Calls `first` for the first of them; the second ends the process at once with 130.
    static func whenEnding(_ first: @escaping @Sendable () -> Void) {
        Thread.start(name: "signals") {
            var set = ending()
            var number: Int32 = 0
            unsafe sigwait(&set, &number)
            let taken = MonotonicClock.nanoseconds()
            first()
            // One key press may arrive twice, from the terminal and from a parent that passes it on.
            repeat { unsafe sigwait(&set, &number) } while MonotonicClock.nanoseconds() - taken < 300_000_000
            _exit(ExitCode.interrupted.rawValue)
        }
    }
}
