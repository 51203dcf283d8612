import Glibc
public import Runtime

/// Tells systemd how the service is doing: the protocol of sd_notify(3), without libsystemd.
///
/// Each call sends one datagram. `ready`, `reloading` and `stopping` wait up to two seconds where systemd's queue is full;
/// `status`, `watchdog` and `extendTimeout` never wait: they come again. What cannot be sent is lost without a word,
/// because there is nobody else to tell.
public final class ServiceNotifier: Sendable {
    /// How long systemd waits for `watchdog()` before it ends the process; call it at least twice in that time. Nil
    /// where no watchdog is set for this process.
    public let watchdogInterval: Duration?

    private let address: UnixAddress
    private let socket: Descriptor
    private let time: any Time
    private let isReady = Mutex(false)

    /// Nil where systemd did not start this process with `Type=notify`: there is no usable `NOTIFY_SOCKET`.
    public convenience init?(environment: [String: String], time: any Time) {
        self.init(environment: environment, processID: getpid(), time: time)
    }

    init?(environment: [String: String], processID: pid_t, time: any Time) {
        guard let name = environment["NOTIFY_SOCKET"] else { return nil }
        // sd_notify(3) knows "/path" and "@abstract"; other families are for virtual machines.
        let address =
            switch name.utf8.first {
            case UInt8(ascii: "/"): UnixAddress(path: name)
            case UInt8(ascii: "@"): UnixAddress(abstract: String(name.dropFirst()))
            default: UnixAddress?.none
            }
        guard let address, let socket = unixSocket(SOCK_DGRAM, isBlocking: true) else { return nil }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        _ = unsafe setsockopt(
            socket.number, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        self.address = address
        self.socket = socket
        self.time = time
        watchdogInterval = Self.watchdogInterval(environment, processID)
    }

    private static func watchdogInterval(_ environment: [String: String], _ processID: pid_t) -> Duration? {
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else {
            return nil
        }
        if let owner = environment["WATCHDOG_PID"], pid_t(owner) != processID { return nil }
        return .microseconds(microseconds)
    }

    /// The service does its work; also said once a reload has ended.
    public func ready() {
        isReady.withLock { $0 = true }
        send("READY=1", waits: true)
    }

    /// One line for people, shown by `systemctl status`.
    public func status(_ text: String) {
        // A line break would begin another assignment.
        let line = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        send("STATUS=" + String(String.UnicodeScalarView(line)), waits: false)
    }

    /// The service makes progress. Before `ready()` this also asks for as long again to start, so that a server that is
    /// down may be waited for, while a start that hangs is still ended.
    public func watchdog() {
        var message = "WATCHDOG=1"
        if let watchdogInterval, !isReady.withLock({ $0 }) {
            message += "\n" + Self.extensionMessage(watchdogInterval)
        }
        send(message, waits: false)
    }

    /// The service begins to end.
    public func stopping() {
        send("STOPPING=1", waits: true)
    }

    /// The service reads its configuration anew; `ready()` says that it is done.
    public func reloading() {
        // Type=notify-reload (systemd 253) demands the time; older versions pass over it.
        send("RELOADING=1\nMONOTONIC_USEC=\(time.now() / 1000)", waits: true)
    }

    /// Asks for at least so long, from now, until the start or the stop that is under way has ended.
    public func extendTimeout(_ duration: Duration) {
        send(Self.extensionMessage(duration), waits: false)
    }

    private static func extensionMessage(_ duration: Duration) -> String {
        "EXTEND_TIMEOUT_USEC=\(max(0, duration.nanoseconds / 1000))"
    }

    private func send(_ message: String, waits: Bool) {
        let bytes = Array(message.utf8)
        let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
        // By address each time: a systemd that executed itself anew has another socket of the same name.
        unsafe address.withSystemAddress { name, length in
            while unsafe sendto(socket.number, bytes, bytes.count, flags, name, length) < 0, errno == EINTR {}
        }
    }
}
