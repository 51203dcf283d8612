import Glibc
import Reactor
import Runtime
import TestSupport
import Testing

@testable import Service

/// A client that sends what it is told and nothing else.
private final class RawClient: Sendable {
    private let socket: Descriptor

    init(_ path: String) throws {
        socket = try #require(unixSocket(SOCK_STREAM, isBlocking: true))
        var file: Descriptor?
        let address = try #require(UnixAddress(existing: path, keeping: &file))
        let code = unsafe address.withSystemAddress { unsafe connect(socket.number, $0, $1) }
        try #require(code == 0)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        _ = unsafe setsockopt(
            socket.number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return unsafe Glibc.send(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Everything until the server closes.
    func readToEnd() -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(socket.number, &buffer, buffer.count, 0)
            if count <= 0 { return String(decoding: all, as: UTF8.self) }
            all += buffer[..<count]
        }
    }
}

@Suite("The control socket")
struct ControlTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("state.db.sock") }

    private func serve(
        _ path: String? = nil, patience: Duration = .seconds(5),
        answer: @escaping @Sendable (ControlRequest) -> String = { request in
            var json = JSONText()
            json.set("heard", request.command)
            json.set("mirrors", request.mirrors)
            return json.object
        },
        accepts: @escaping @Sendable (uid_t) -> Bool = { _ in true }
    ) throws -> ControlServer {
        try ControlServer(
            path: path ?? self.path, patience: patience, time: SystemTime(), accepts: accepts, answer: answer)
    }

    private func ask(_ command: String = "status", _ mirrors: [String] = [], path: String? = nil) throws -> String {
        try ControlClient.ask(
            path: path ?? self.path, ControlRequest(command: command, mirrors: mirrors), timeout: .seconds(10),
            time: SystemTime())
    }

    private func reason(_ body: () throws -> Void) -> ControlError.Reason? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ControlError)?.reason
        }
    }

    @Test("A question is answered, again and again, with a socket that only its user can open")
    func questions() throws {
        let server = try ControlServer(path: path, time: SystemTime()) { #"{"ok":"\#($0.command)"}"# }
        #expect(folder.mode("state.db.sock") == S_IFSOCK | 0o600)
        #expect(folder.names == ["state.db.sock"])
        for _ in 0..<100 { #expect(try ask("reconcile") == #"{"ok":"reconcile"}"#) }
        server.close()
        #expect(folder.names == [])
        server.close()
    }

    @Test("Requests and answers of any content and length come whole")
    func contents() throws {
        let long = String(repeating: "é\"\\\n\u{2028}", count: 200_000)
        let server = try serve { request in
            var json = JSONText()
            json.set("mirrors", request.mirrors)
            if request.command == "long" { json.set("text", long) }
            return json.object
        }
        defer { server.close() }
        let mirrors = ["a b", "é\n\u{0}", "\"", "😀"]
        var expected = JSONText()
        expected.set("mirrors", mirrors)
        #expect(try ask("x", mirrors) == expected.object)
        expected = JSONText()
        expected.set("mirrors", [String]())
        expected.set("text", long)
        #expect(try ask("long") == expected.object)
        let many = (0..<3000).map { "mirror-\($0)" }
        #expect(try ask("x", many).hasSuffix("\"mirror-2999\"]}"))
    }

    @Test(
        "Long paths work",
        arguments: [(1, 107), (1, 108), (1, 200), (150, 10), (150, 200), (250, 250)])
    func longPaths(folderLength: Int, nameLength: Int) throws {
        let inner = folder.folder(String(repeating: "f", count: folderLength))
        let path = "\(inner)/\(String(repeating: "s", count: nameLength))"
        let server = try serve(path)
        #expect(try ask("hello", path: path) == #"{"heard":"hello","mirrors":[]}"#)
        #expect(reason { _ = try serve(path) } == .servedByAnother)
        server.close()
        #expect(reason { _ = try ask(path: path) } == .notRunning)
        // And in the place of one that a dead process left.
        leaveStaleSocket(at: path)
        let next = try serve(path)
        #expect(try ask("hello", path: path) == #"{"heard":"hello","mirrors":[]}"#)
        next.close()
    }

    /// Leaves a socket's file without anybody behind it, as a killed process does.
    private func leaveStaleSocket(at path: String) {
        _ = try? ControlSocket(path: path)
    }

    @Test("A socket that a dead process left is replaced, and is no running watch")
    func stale() throws {
        leaveStaleSocket(at: path)
        #expect(folder.mode("state.db.sock") & S_IFMT == S_IFSOCK)
        #expect(reason { _ = try ask() } == .notRunning)
        let server = try serve()
        #expect(try ask("hello") == #"{"heard":"hello","mirrors":[]}"#)
        server.close()
        #expect(folder.names == [])
    }

    @Test("A living process keeps its socket")
    func living() throws {
        let first = try serve()
        #expect(reason { _ = try serve() } == .servedByAnother)
        #expect(try ask("hello") == #"{"heard":"hello","mirrors":[]}"#)
        #expect(folder.names == ["state.db.sock"])
        first.close()
        try serve().close()
    }

    @Test("Of many that begin at once, with a stale socket there, one serves")
    func race() async throws {
        for _ in 0..<20 {
            leaveStaleSocket(at: path)
            let path = path
            let results = await withTaskGroup(of: Result<ControlServer, any Error>.self) { group in
                for _ in 0..<4 {
                    group.addTask { @concurrent in
                        Result { try ControlServer(path: path, time: SystemTime()) { _ in "{}" } }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let servers = results.compactMap { try? $0.get() }
            #expect(servers.count == 1)
            #expect(try ask() == "{}")
            for server in servers { server.close() }
            #expect(folder.names == [])
        }
    }

    @Test("What is no socket is never replaced")
    func otherFiles() throws {
        folder.write("precious", to: "state.db.sock")
        #expect(reason { _ = try serve() } == .notASocket)
        #expect(folder.mode("state.db.sock") == S_IFREG | 0o600)
        #expect(folder.names == ["state.db.sock"])
        folder.folder("folder.sock")
        #expect(reason { _ = try serve(folder.file("folder.sock")) } == .notASocket)
        #expect(unsafe symlink("nowhere", folder.file("link.sock")) == 0)
        #expect(reason { _ = try serve(folder.file("link.sock")) } == .notASocket)
        #expect(
            reason { _ = try serve(folder.file("none/state.sock")) } == .inaccessible("No such file or directory"))
    }

    @Test("A server leaves the file of its successor alone")
    func successor() throws {
        let first = try serve()
        _ = unsafe unlink(path)
        let second = try serve()
        first.close()
        #expect(try ask("hello") == #"{"heard":"hello","mirrors":[]}"#)
        second.close()
        #expect(folder.names == [])
    }

    @Test("Clients that say nothing, half a line, or take nothing keep nobody waiting and are dropped")
    func slowClients() async throws {
        let server = try serve(
            patience: .seconds(2),
            answer: { $0.command == "long" ? String(repeating: "x", count: 4 << 20) : "{}" })
        defer { server.close() }
        let begun = SystemTime().now()
        let silent = try RawClient(path)
        let half = try RawClient(path)
        half.send(#"{"command":"#)
        let greedy = try RawClient(path)
        greedy.send("{\"command\":\"long\"}\n")
        for _ in 0..<20 { #expect(try ask() == "{}") }
        #expect(SystemTime().now() - begun < 1_800_000_000)
        #expect(silent.readToEnd() == "")
        #expect(half.readToEnd() == "")
        let waited = SystemTime().now() - begun
        #expect((1_800_000_000..<15_000_000_000).contains(waited))
        // From its last byte on, with some slack for a machine that does much at once.
        try await Task.sleep(for: .seconds(2))
        #expect(greedy.readToEnd().utf8.count < 4 << 20)
        #expect(try ask() == "{}")
    }

    @Test("More clients than are served at once wait for their turn")
    func crowd() throws {
        let server = try serve(patience: .milliseconds(300))
        defer { server.close() }
        let silent = try (0..<ControlLoop.mostClients + 20).map { _ in try RawClient(path) }
        #expect(try ask("hello") == #"{"heard":"hello","mirrors":[]}"#)
        withExtendedLifetime(silent) {}
    }

    @Test(
        "What is no request is refused by the server itself",
        arguments: [
            "\n", "status\n", "[]\n", "{}\n", "{\"command\":1}\n", "{\"command\":\"\"}\n",
            "{\"command\":\"x\",\"mirrors\":\"apks\"}\n", "{\"command\":\"x\"\n", "\u{0}\n",
            String(repeating: "[", count: 600) + "\n",
        ])
    func refused(line: String) throws {
        let server = try serve { _ in "{\"ok\":true}" }
        defer { server.close() }
        let client = try RawClient(path)
        client.send(line)
        #expect(client.readToEnd() == "{\"error\":\"This is no request.\"}\n")
    }

    @Test("A request without an end is refused at its limit")
    func tooLong() throws {
        let server = try serve()
        defer { server.close() }
        let client = try RawClient(path)
        for _ in 0..<64 { client.send(String(repeating: "x", count: 2048)) }
        #expect(client.readToEnd() == "{\"error\":\"The request is too long.\"}\n")
        #expect(try ask("x", [String(repeating: "x", count: 70_000)]) == "{\"error\":\"The request is too long.\"}")
    }

    @Test("Requests of newer clients are understood, and come in pieces")
    func newer() throws {
        let server = try serve()
        defer { server.close() }
        let client = try RawClient(path)
        for piece in ["{\"version\":2,\"com", "mand\":\"status\",\"mirrors\":[\"a\"]", "}\n"] {
            client.send(piece)
            // usleep: the server waits for the rest no longer than it must, and a task that sleeps may be resumed late.
            usleep(20_000)
        }
        #expect(client.readToEnd() == "{\"heard\":\"status\",\"mirrors\":[\"a\"]}\n")
    }

    @Test("Processes of other users are not answered")
    func users() throws {
        #expect(ControlServer.isTrusted(1000, own: 1000) && ControlServer.isTrusted(0, own: 1000))
        #expect(!ControlServer.isTrusted(1001, own: 1000) && !ControlServer.isTrusted(1000, own: 0))
        let asked = Mutex<[uid_t]>([])
        let server = try serve(accepts: { user in
            asked.withLock { $0.append(user) }
            return false
        })
        defer { server.close() }
        #expect(reason { _ = try ask() } == .ended)
        #expect(asked.withLock { $0 } == [geteuid()])
    }

    @Test("A watch that does not answer is not waited for beyond the time given")
    func stuck() throws {
        let gate = Semaphore()
        let server = try serve { _ in
            gate.wait()
            return "{}"
        }
        let begun = SystemTime().now()
        let error = reason {
            _ = try ControlClient.ask(
                path: path, ControlRequest(command: "status"), timeout: .milliseconds(300), time: SystemTime())
        }
        #expect(error == .timedOut(.milliseconds(300)))
        #expect((300_000_000..<2_000_000_000).contains(SystemTime().now() - begun))
        gate.signal()
        server.close()
    }

    @Test("Closing ends a connection that waits, at once")
    func closing() throws {
        let server = try serve()
        let client = try RawClient(path)
        #expect(try ask() != "")
        let begun = SystemTime().now()
        server.close()
        #expect(client.readToEnd() == "")
        #expect(SystemTime().now() - begun < 1_000_000_000)
    }

    @Test("A server that is let go removes its file")
    func released() async throws {
        do { _ = try serve() }
        try await Patience.until("its file gone") { folder.names == [] }
    }

    @Test(
        "Errors are one sentence that names the state file",
        arguments: [
            .notRunning, .servedByAnother, .notASocket, .inaccessible("Permission denied"), .timedOut(.seconds(3)),
            .ended, .answerTooLong,
        ] as [ControlError.Reason])
    func sentences(reason: ControlError.Reason) {
        let text = ControlError(path: "/var/lib/minio-sync/state\n.db.sock", reason).description
        #expect(text.contains("/var/lib/minio-sync/state\u{FFFD}.db"))
        #expect(text.hasSuffix(".") && text.contains(": ") && text.contains("; ") && !text.contains("\n"))
        if reason == .notRunning { #expect(text.contains("the state file /var/lib/minio-sync/state\u{FFFD}.db:")) }
    }
}
