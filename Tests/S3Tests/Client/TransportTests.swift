import ObjectModel
import Reactor
import Runtime
import S3Sandbox
import Testing

@testable import S3

@Suite("Exchanges with a server", .timeLimit(.minutes(10)))
struct TransportTests {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"x\"\r\n\r\nok"

    private func connection(_ change: (inout ConnectionOptions.Timeouts) -> Void) -> ConnectionOptions {
        var timeouts = ConnectionOptions.Timeouts()
        change(&timeouts)
        return ConnectionOptions(timeouts: timeouts)
    }

    // MARK: Connections

    @Test("One connection serves many requests, of any kind")
    func keepAlive() async throws {
        let raw = try ScriptedServer(
            (0..<12).map { $0 % 4 == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : Self.answer })
        let client = ServerUnderTest.client(port: raw.port)
        try await onReactor {
            for _ in 0..<3 {
                _ = try await client.getObject(bucket: "b", key: "k", limit: 10)
                _ = try await client.headObject(bucket: "b", key: "k")
                _ = try await client.putObject(
                    bucket: "b", key: "k", headers: ObjectHeaders(), body: ByteBlock([1, 2, 3]), contentMD5: nil)
                try await ByteRing.lend { ring in
                    let download = try await client.openObject(
                        bucket: "b", key: "k", options: ReadOptions(), into: ring)
                    try await download.awaitEnd()
                    download.close()
                }
            }
        }
        #expect(raw.requests.count == 12)
        #expect(raw.connections == 1)
    }

    @Test("After a connection was closed by the server, the next request makes another")
    func closedBetween() async throws {
        let closing = Self.answer.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")
        let raw = try ScriptedServer([closing, closing, Self.answer])
        let client = ServerUnderTest.client(port: raw.port)
        try await onReactor {
            for _ in 0..<3 { _ = try await client.getObject(bucket: "b", key: "k", limit: 10) }
        }
        #expect(raw.connections == 3)
    }

    @Test("A connection that the server closed without a word in between costs no failure")
    func closedSilently() async throws {
        let server = try ServerUnderTest()
        let bytes = try server.put("k", count: 10)
        server.sandbox.faults.add(FaultRule("gone", .operation(.getObject, nth: 2), .refuse))
        let client = server.client()
        let got = try await onReactor {
            var got: [[UInt8]] = []
            for _ in 0..<3 { got.append(try await client.bytes(of: "k")) }
            return got
        }
        #expect(got == [bytes, bytes, bytes])
    }

    @Test("Nothing asks for 100-continue, and what is not said is not sent")
    func requestHead() async throws {
        let raw = try ScriptedServer([Self.answer])
        let client = ServerUnderTest.client(port: raw.port)
        var headers = ObjectHeaders()
        headers.cacheControl = "no-store"
        headers.addUserMetadata("empty", "")
        let sent = headers
        try await onReactor {
            _ = try await client.putObject(
                bucket: "b", key: "a b/é", headers: sent, body: ByteBlock([1, 2, 3]), contentMD5: nil)
        }
        let head = try #require(raw.requests.first)
        #expect(head.hasPrefix("PUT /b/a%20b/%C3%A9 HTTP/1.1\r\n"))
        let lines = head.lowercased().split(separator: "\r\n").map { String($0.prefix { $0 != ":" }) }
        #expect(!lines.contains("expect") && !lines.contains("content-type") && !lines.contains("accept"))
        #expect(lines.contains("x-amz-meta-empty"))
        #expect(head.contains("Content-Length: 3") && head.contains("Cache-Control: no-store"))
        #expect(head.contains("x-amz-content-sha256: UNSIGNED-PAYLOAD"))
    }

    @Test("A port where nobody listens is a server out of reach")
    func unreachable() async throws {
        let closed = try ClosedPort()
        let client = ServerUnderTest.client(port: closed.port)
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.bytes(of: "k") } }
        #expect(error?.kind == .unreachable && error?.attempts == 3)
        #expect(client.counters.snapshot.map(\.count) == [3])
    }

    @Test("What is not HTTP is no answer", arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}", ""])
    func noHTTP(_ text: String) async throws {
        let raw = try ScriptedServer([text])
        let client = ServerUnderTest.client(port: raw.port) { $0.retries.attempts = 1 }
        let error = await #expect(throws: S3Error.self) {
            try await onReactor { try await client.headObject(bucket: "b", key: "k").size }
        }
        #expect(error?.isTransient == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("Interim answers are not the answer")
    func interim() async throws {
        let raw = try ScriptedServer(["HTTP/1.1 102 Processing\r\nETag: \"wrong\"\r\n\r\n" + Self.answer])
        let client = ServerUnderTest.client(port: raw.port)
        let etag = try await onReactor { try await client.getObject(bucket: "b", key: "k", limit: 10).0.etag }
        #expect(etag == ETag("x"))
    }

    // MARK: Times

    @Test("A server that says nothing is given up after the time for the first byte")
    func firstByte() async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 10)
        server.sandbox.faults.add(FaultRule("slow", .operation(.getObject), .delay(milliseconds: 60_000)))
        let client = server.client(connection: connection { $0.firstByte = .milliseconds(50) }) {
            $0.retries.attempts = 1
        }
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.bytes(of: "k") } }
        #expect(error?.kind == .timedOut)
        #expect(error?.message == "no answer within the time allowed")
    }

    @Test("An answer that stops in the middle is given up after the time for a stall", arguments: [0, 10] as [Int64])
    func stall(_ bytes: Int64) async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 1000)
        server.sandbox.faults.add(
            FaultRule("stall", .operation(.getObject), .stall(afterBytes: bytes, seconds: nil)))
        let client = server.client(connection: connection { $0.stall = .milliseconds(50) }) {
            $0.retries.attempts = 1
        }
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.bytes(of: "k") } }
        #expect(error?.kind == .timedOut)
        #expect(error?.message == "no bytes moved within the time allowed")
    }

    @Test("An answer that is slow but moves is not given up, however long it takes")
    func slow() async throws {
        let server = try ServerUnderTest()
        let bytes = try server.put("k", count: 60_000)
        server.sandbox.faults.add(FaultRule("slow", .operation(.getObject), .trickle(bytesPerSecond: 40_000)))
        let client = server.client(connection: connection { $0.stall = .milliseconds(700) }) {
            $0.retries.attempts = 1
        }
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
    }

    @Test("A time-out is tried again")
    func timeoutRetried() async throws {
        let server = try ServerUnderTest()
        let bytes = try server.put("k", count: 1000)
        server.sandbox.faults.add(
            FaultRule("stall", .operation(.getObject, times: 1), .stall(afterBytes: 10, seconds: nil)))
        let client = server.client(connection: connection { $0.stall = .milliseconds(50) })
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
        #expect(server.sandbox.faults.hits("stall") == 1)
    }

    // MARK: Bodies that are not whole

    @Test("A body short of its announced length by one byte is a failure, of any size", arguments: [1, 10, 100_000])
    func cut(_ count: Int) async throws {
        let server = try ServerUnderTest()
        let bytes = try server.put("k", count: count)
        server.sandbox.faults.add(
            FaultRule("cut", .operation(.getObject, times: 2), .cut(afterBytes: Int64(count) - 1)))
        let client = server.client()
        let impatient = server.client { $0.retries.attempts = 1 }
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await impatient.bytes(of: "k") } }
        #expect(error?.kind == .interrupted)
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
        #expect(server.sandbox.faults.hits("cut") == 2)
    }

    @Test("A body in chunks that breaks off is a failure")
    func brokenChunks() async throws {
        let raw = try ScriptedServer([
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n<List\r\n"
        ])
        let client = ServerUnderTest.client(port: raw.port) { $0.retries.attempts = 1 }
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.listBuckets().count } }
        #expect(error?.kind == .interrupted)
    }

    @Test("An object without a length is not believed")
    func noLength() async throws {
        let raw = try ScriptedServer(["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"])
        let client = ServerUnderTest.client(port: raw.port) { $0.retries.attempts = 1 }
        let error = await #expect(throws: S3Error.self) {
            try await onReactor { try await client.getObject(bucket: "b", key: "k", limit: 10).1.bytes }
        }
        #expect(error?.kind == .malformedAnswer)
    }

    @Test("More bytes than may be held are not held", arguments: [(10, true), (11, false)])
    func heldLimit(_ count: Int, _ isTaken: Bool) async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: count)
        let client = server.client { $0.retries.attempts = 1 }
        let result = await Task { try await onReactor { try await client.bytes(of: "k", limit: 10).count } }.result
        switch result {
        case .success(let got): #expect(isTaken && got == count)
        case .failure(let error):
            #expect(!isTaken)
            #expect((error as? S3Error)?.message == "the answer is longer than the 10 bytes expected")
        }
    }

    @Test("An error's body is held as far as it can matter, however long it is")
    func longError() async throws {
        let body =
            "<Error><Code>AccessDenied</Code><Message>" + String(repeating: "x", count: 200_000) + "</Message></Error>"
        let raw = try ScriptedServer([
            "HTTP/1.1 403 Forbidden\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        ])
        let client = ServerUnderTest.client(port: raw.port)
        let error = await #expect(throws: S3Error.self) {
            try await onReactor { try await client.getObject(bucket: "b", key: "k", limit: 10).1.bytes }
        }
        #expect(error?.kind == .refused)
        #expect((error?.message.utf8.count ?? .max) < 70_000)
    }
}
