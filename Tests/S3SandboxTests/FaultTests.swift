import ObjectModel
import Runtime
import S3
import TestSupport
import Testing

@testable import S3Sandbox

@Suite("Faults")
struct FaultTests {
    private let server: Sandbox
    private let client: TestClient
    private static let pattern = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    private var content: [UInt8] { Self.pattern }

    init() throws {
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        server = try Sandbox.start(options)
        client = TestClient(server)
        try server.store.put("k", in: "photos", content)
    }

    private func get() -> TestClient.Answer? { client.request("GET", "/photos/k") }

    @Test("A refused request gets no answer and a record that says so")
    func refusal() throws {
        server.faults.add(FaultRule("gone", .operation(.getObject, times: 1), .refuse))
        #expect(get() == nil)
        #expect(get()?.body == content)
        let records = server.requests.records
        #expect(records.map(\.status) == [0, 200])
        #expect(records.map(\.faults) == [["gone"], []])
        #expect(server.faults.hits("gone") == 1)
    }

    @Test("A cut answer announces everything and brings a part", arguments: [0, 1, 100_000, 199_999])
    func cut(count: Int) async throws {
        server.faults.add(FaultRule("cut", .operation(.getObject), .cut(afterBytes: Int64(count))))
        let answer = try #require(get())
        #expect(answer.status == 200 && answer.headers["content-length"] == "200000")
        #expect(!answer.isWhole && answer.body == Array(content.prefix(count)))
        try await Patience.until("a record") { !server.requests.records.isEmpty }
        #expect(server.requests.records.map(\.responseBytes) == [Int64(count)])
    }

    @Test("A shortened answer is whole in itself")
    func shortened() throws {
        server.faults.add(FaultRule("short", .operation(.getObject), .shorten(byBytes: 1)))
        let answer = try #require(get())
        #expect(answer.isWhole && answer.body == Array(content.dropLast()))
    }

    @Test("Exactly the corrupted byte differs", arguments: [0, 65_536, 199_999])
    func corruption(offset: Int) throws {
        server.faults.add(FaultRule("flip", .operation(.getObject), .corrupt(offset: Int64(offset))))
        let answer = try #require(get())
        #expect(answer.isWhole)
        #expect(content.indices.filter { content[$0] != answer.body[$0] } == [offset])
    }

    @Test("A stalled answer stops in the middle while others are served")
    func stall() throws {
        server.faults.add(
            FaultRule("stall", .operation(.getObject, times: 1), .stall(afterBytes: 1000, seconds: nil)))
        let connection = TestClient.Connection(port: server.port)
        let presigner = SignatureV4(credentials: client.credentials, region: "us-east-1", date: now())
        let host = "127.0.0.1:\(server.port)"
        let query = presigner.presignedQuery(
            for: SignableRequest(method: "GET", host: host, path: Array("/photos/k".utf8)), expires: 60)
        connection.write(client.head("GET", "/photos/k?\(String(decoding: query, as: UTF8.self))", [], 0))
        var got: [UInt8] = []
        connection.setPatience(milliseconds: 300)
        while true {
            let piece = connection.read()
            if piece.isEmpty { break }
            got += piece
        }
        #expect(Array(got.suffix(1000)) == Array(content.prefix(1000)))
        #expect(get()?.body == content)
    }

    @Test("A stop ends stalls and listeners at once")
    func stop() async throws {
        server.faults.add(FaultRule("stall", .operation(.getObject), .stall(afterBytes: 0, seconds: nil)))
        let server = server
        let client = client
        // On a busy machine a request may be given up before it is served.
        Runtime.Thread.start(name: "reader") {
            for _ in 0..<20 where server.faults.hits("stall") == 0 { _ = client.request("GET", "/photos/k") }
        }
        Runtime.Thread.start(name: "listener") {
            for _ in 0..<20 where server.listenerCount == 0 {
                _ = client.request("GET", "/photos/", query: "events=s3:ObjectCreated:*&ping=100")
            }
        }
        try await Patience.until("both there") { server.faults.hits("stall") > 0 && server.listenerCount > 0 }
        let clock = ContinuousClock()
        #expect(clock.measure { server.stop() } < .seconds(5))
    }

    @Test("A wrong ETag is claimed everywhere and stored nowhere")
    func wrongETag() throws {
        server.faults.add(FaultRule("etag", FaultRule.Match(after: 1), .wrongETag("bad")))
        let honest = try #require(get()).headers["etag"]
        #expect(get()?.headers["etag"] == "\"bad\"")
        #expect(client.request("HEAD", "/photos/k")?.headers["etag"] == "\"bad\"")
        #expect(client.request("PUT", "/photos/new")?.headers["etag"] == "\"bad\"")
        #expect(client.request("GET", "/photos", query: "list-type=2")?.elements("ETag").first == "&#34;bad&#34;")
        server.faults.removeAll()
        #expect(get()?.headers["etag"] == honest)
    }

    @Test("Errors come with and without a document, and with Retry-After")
    func errors() throws {
        server.faults.add(
            FaultRule("a", .operation(.getObject, nth: 1), .status(.init(503, code: "SlowDown", retryAfter: "2"))),
            FaultRule("b", .operation(.getObject, nth: 2), .status(.init(500, hasBody: false))),
            FaultRule("c", .operation(.getObject, nth: 3), .errorIn200(.init(200, code: "SlowDown"), spaces: 9)))
        let first = try #require(get())
        #expect(first.status == 503 && first.code == "SlowDown" && first.headers["retry-after"] == "2")
        let second = try #require(get())
        #expect(second.status == 500 && second.body.isEmpty)
        let third = try #require(get())
        #expect(third.status == 200 && third.text.hasPrefix("         <?xml") && third.code == "SlowDown")
    }

    @Test("A write whose answer is lost has happened; one that is refused early has not")
    func lostAnswers() throws {
        server.faults.add(
            FaultRule("lost", .operation(.putObject, key: "lost"), .loseAnswer),
            FaultRule("late", .operation(.putObject, key: "late"), .status(.init(500, applies: true))),
            FaultRule("early", .operation(.putObject, key: "early"), .status(.init(503, isEarly: true))),
            FaultRule("half", .operation(.putObject, key: "half"), .cutRequest(afterBytes: 1000)))
        #expect(client.request("PUT", "/photos/lost", body: [1]) == nil)
        #expect(client.request("PUT", "/photos/late", body: [2])?.status == 500)
        #expect(client.request("PUT", "/photos/early", body: [3])?.status == 503)
        #expect(client.request("PUT", "/photos/half", body: content) == nil)
        #expect(server.store.keys(in: "photos") == ["k", "late", "lost"])
    }

    @Test("An object overwritten during its GET is served whole from the old version, or torn on demand")
    func overwriting() throws {
        let new = [UInt8](repeating: 0xEE, count: content.count)
        server.faults.add(
            FaultRule(
                "whole", .operation(.getObject, nth: 1),
                .overwriteDuring(afterBytes: 70_000, content: new, isTorn: false)),
            FaultRule(
                "torn", .operation(.getObject, nth: 2),
                .overwriteDuring(afterBytes: 70_000, content: content, isTorn: true)))
        #expect(get()?.body == content)
        #expect(try server.store.bytes(of: "k", in: "photos") == new)
        #expect(get()?.body == Array(new.prefix(70_000)) + content.dropFirst(70_000))
    }

    @Test("Hooks run where they were hung")
    func hooks() throws {
        let seen = Mutex<[String]>([])
        let server = server
        let count = { @Sendable (name: String) in
            let exists = server.store.object("new", in: "photos") != nil
            seen.withLock { $0.append("\(name) \(exists)") }
        }
        server.faults.add(
            FaultRule("b", .operation(.putObject), .hook(.beforeOperation) { count("before") }),
            FaultRule("a", .operation(.putObject), .hook(.afterOperation) { count("after") }),
            FaultRule("m", .operation(.getObject), .hook(.afterBytes(5)) { count("middle") }))
        #expect(client.request("PUT", "/photos/new", body: [1])?.status == 200)
        #expect(get()?.body == content)
        #expect(seen.withLock { $0 } == ["before false", "after true", "middle true"])
    }

    @Test("Occurrences are counted by rule, and chance comes from the seed")
    func occurrences() throws {
        server.faults.add(
            FaultRule("third", FaultRule.Match(every: 3), .status(.init(503))),
            FaultRule("first", FaultRule.Match(key: "k", times: 1), .delay(milliseconds: 1)),
            FaultRule("coin", FaultRule.Match(probability: 0.5, seed: 7), .delay(milliseconds: 0)))
        let statuses = (0..<9).map { _ in client.request("HEAD", "/photos/k")?.status ?? 0 }
        #expect(statuses == [200, 200, 503, 200, 200, 503, 200, 200, 503])
        #expect(server.faults.hits("first") == 1)
        var generator = SeededGenerator(seed: 7)
        let expected = (0..<9).filter { _ in Double.random(in: 0..<1, using: &generator) < 0.5 }.count
        #expect(server.faults.hits("coin") == expected)
    }

    @Test("A skewed clock refuses signatures and dates its answers so")
    func clockSkew() throws {
        server.faults.add(FaultRule("clock", FaultRule.Match(), .clockSkew(seconds: 3600)))
        let refused = try #require(get())
        #expect(refused.code == "RequestTimeTooSkewed")
        let date = try #require(Timestamp(httpDate: refused.headers["date"] ?? ""))
        #expect(abs(date.seconds - now().seconds - 3600) < 5)
        var ahead = client
        ahead.clockOffset = 3600
        #expect(ahead.request("GET", "/photos/k")?.status == 200)
    }

    @Test("A trickle is slow and complete")
    func trickle() throws {
        server.faults.add(FaultRule("slow", .operation(.getObject), .trickle(bytesPerSecond: 1_000_000)))
        let clock = ContinuousClock()
        var answer: TestClient.Answer?
        #expect(clock.measure { answer = get() } > .milliseconds(150))
        #expect(answer?.body == content)
    }

    @Test(
        "A script says what the types say, and nothing unknown",
        arguments: [
            (#"[{"action": "refuse", "operation": "GetObject"}]"#, true),
            (
                #"[{"action": "status", "status": 503, "operation": ["GetObject", "HeadObject"], "nth": 2, "retryAfter": "1"}]"#,
                true
            ),
            (#"[{"action": "listing", "lie": "endless", "moving": true}]"#, true),
            (#"[{"action": "overwriteDuring", "bytes": 5, "content": "x", "torn": true}]"#, true),
            (#"[{"action": "explode"}]"#, false), (#"[{"action": "refuse", "operation": "Get"}]"#, false),
            (#"[{"action": "status"}]"#, false),
            (#"[{"action": "refuse", "opration": "GetObject"}]"#, false), (#"{"action": "refuse"}"#, false),
            (#"[{"action": "listing", "lie": "white"}]"#, false), ("", false),
        ])
    func scripts(json: String, isValid: Bool) {
        #expect((try? FaultRule.decode(Array(json.utf8)).count) == (isValid ? 1 : nil))
    }

    private func now() -> Timestamp { TestClient.now() }
}
