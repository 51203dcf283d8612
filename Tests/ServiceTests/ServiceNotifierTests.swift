import Glibc
import Reactor
import Runtime
import TestSupport
import Testing

@testable import Service

/// Plays systemd: a datagram socket that hears what a service says.
private final class Ears: Sendable {
    let name: String
    private let socket: Descriptor

    /// `name` is a path, or an abstract name behind `@`.
    init(_ name: String) throws {
        self.name = name
        socket = try #require(unixSocket(SOCK_DGRAM, isBlocking: true))
        let address = try #require(
            name.hasPrefix("@") ? UnixAddress(abstract: String(name.dropFirst())) : UnixAddress(path: name))
        let code = unsafe address.withSystemAddress { unsafe bind(socket.number, $0, $1) }
        try #require(code == 0)
    }

    /// The next message, whole; nil where none has come.
    func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe recv(socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}

@Suite("systemd's notifications")
struct ServiceNotifierTests {
    private let folder = TemporaryFolder()

    private func ears(_ kind: String) throws -> Ears {
        try Ears(kind == "abstract" ? "@minio-sync-test\(folder.path)" : folder.file("notify"))
    }

    @Test("Every message in systemd's words, over both kinds of sockets", arguments: ["path", "abstract"])
    func messages(kind: String) throws {
        let ears = try ears(kind)
        let notifier = try #require(ServiceNotifier(environment: ["NOTIFY_SOCKET": ears.name], time: SystemTime()))
        #expect(notifier.watchdogInterval == nil)
        notifier.status("2 mirrors, lag 0 s")
        #expect(ears.next() == "STATUS=2 mirrors, lag 0 s")
        notifier.extendTimeout(.milliseconds(1500))
        #expect(ears.next() == "EXTEND_TIMEOUT_USEC=1500000")
        notifier.watchdog()
        #expect(ears.next() == "WATCHDOG=1")
        notifier.ready()
        #expect(ears.next() == "READY=1")
        let before = SystemTime().now() / 1000
        notifier.reloading()
        let lines = try #require(ears.next()).split(separator: "\n")
        #expect(lines.first == "RELOADING=1" && lines.count == 2)
        let time = try #require(lines[1].hasPrefix("MONOTONIC_USEC=") ? Int64(lines[1].dropFirst(15)) : nil)
        #expect((before...SystemTime().now() / 1000).contains(time))
        notifier.stopping()
        #expect(ears.next() == "STOPPING=1")
        #expect(ears.next() == nil)
    }

    @Test("A status cannot say anything else")
    func injection() throws {
        let ears = try ears("path")
        try #require(ServiceNotifier(environment: ["NOTIFY_SOCKET": ears.name], time: SystemTime())).status(
            "a\nREADY=1\r\u{0}b\u{7F}")
        #expect(ears.next() == "STATUS=a READY=1  b ")
    }

    @Test("Progress asks for more time until the service is ready, and not afterwards")
    func start() throws {
        let ears = try ears("path")
        let notifier = try #require(
            ServiceNotifier(environment: ["NOTIFY_SOCKET": ears.name, "WATCHDOG_USEC": "60000000"], time: SystemTime()))
        notifier.watchdog()
        #expect(ears.next() == "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=60000000")
        notifier.ready()
        notifier.watchdog()
        #expect(ears.next() == "READY=1")
        #expect(ears.next() == "WATCHDOG=1")
    }

    @Test(
        "The watchdog is ours only where it is meant for this process",
        arguments: [
            (["WATCHDOG_USEC": "60000000"], Duration.seconds(60)),
            (["WATCHDOG_USEC": "500", "WATCHDOG_PID": "77"], .microseconds(500)),
            (["WATCHDOG_USEC": "500", "WATCHDOG_PID": "78"], nil), (["WATCHDOG_USEC": "500", "WATCHDOG_PID": ""], nil),
            (["WATCHDOG_USEC": "0"], nil), (["WATCHDOG_USEC": "-1"], nil), (["WATCHDOG_USEC": "x"], nil), ([:], nil),
        ] as [([String: String], Duration?)])
    func watchdogs(variables: [String: String], interval: Duration?) throws {
        let environment = variables.merging(["NOTIFY_SOCKET": "/run/notify"]) { $1 }
        #expect(
            try #require(ServiceNotifier(environment: environment, processID: 77, time: SystemTime())).watchdogInterval
                == interval)
    }

    @Test(
        "Without a usable socket there is nobody to notify",
        arguments: [nil, "", "notify", "@", "vsock:2:1", "/" + String(repeating: "x", count: 107)] as [String?])
    func nobody(name: String?) {
        #expect(ServiceNotifier(environment: name.map { ["NOTIFY_SOCKET": $0] } ?? [:], time: SystemTime()) == nil)
    }

    @Test("A systemd that has gone, or does not listen, stops nobody")
    func deaf() throws {
        let gone = try #require(
            ServiceNotifier(environment: ["NOTIFY_SOCKET": folder.file("gone")], time: SystemTime()))
        gone.ready()
        let ears = try ears("path")
        let notifier = try #require(ServiceNotifier(environment: ["NOTIFY_SOCKET": ears.name], time: SystemTime()))
        let begun = SystemTime().now()
        for _ in 0..<100_000 { notifier.watchdog() }
        #expect(SystemTime().now() - begun < 20_000_000_000)
        #expect(ears.next() == "WATCHDOG=1")
    }
}
