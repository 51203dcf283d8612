import Digests
import ObjectModel
import Runtime
import S3
import TestSupport
import Testing

@testable import S3Sandbox

@Suite("Server")
struct ServerTests {
    private let server: Sandbox
    private let client: TestClient

    init() throws {
        var options = Sandbox.Options()
        options.buckets = ["photos"]
        server = try Sandbox.start(options)
        client = TestClient(server)
    }

    @Test("A request is served only if it is signed as it must be")
    func signatures() throws {
        try server.store.put("k", in: "photos", [1])
        func code(_ change: (inout TestClient) -> Void) -> String? {
            var other = client
            change(&other)
            return other.request("GET", "/photos/k")?.code
        }
        #expect(client.request("GET", "/photos/k")?.status == 200)
        #expect(code { $0.credentials = Credentials(accessKey: "nobody", secretKey: "x") } == "InvalidAccessKeyId")
        #expect(
            code { $0.credentials = Credentials(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "x") }
                == "SignatureDoesNotMatch")
        #expect(code { $0.region = "eu-west-1" } == "AuthorizationHeaderMalformed")
        #expect(code { $0.clockOffset = -1000 } == "RequestTimeTooSkewed")
        #expect(code { $0.clockOffset = 800 } == nil)
        #expect(client.send("GET", "/photos/k")?.code == "AccessDenied")
        let unsigned = [HeaderField("x-amz-meta-a", "1")]
        #expect(client.request("PUT", "/photos/k", extra: unsigned)?.code == "AccessDenied")
        let other = PayloadHash.of([1])
        #expect(client.request("PUT", "/photos/k", body: [2], payload: other)?.code == "XAmzContentSHA256Mismatch")
        #expect(client.request("PUT", "/photos/k", body: [2], payload: .unsigned)?.status == 200)
    }

    @Test("A session token is required where one is expected")
    func sessionTokens() throws {
        var options = Sandbox.Options()
        options.sessionToken = "token/1"
        let server = try Sandbox.start(options)
        var client = TestClient(server)
        #expect(client.request("GET", "/")?.code == "InvalidTokenId")
        client.credentials = Credentials(
            accessKey: options.accessKey, secretKey: options.secretKey, sessionToken: "token/1")
        #expect(client.request("GET", "/")?.status == 200)
    }

    @Test("A digest in the header refuses other bytes, unless the server ignores it")
    func contentMD5() throws {
        let right = MD5Hasher.digest([1, 2]).base64
        let put = { (text: String) in
            client.request("PUT", "/photos/k", headers: [HeaderField("content-md5", text)], body: [1, 2])
        }
        #expect(put(right)?.status == 200)
        #expect(put(MD5Hasher.digest([]).base64)?.code == "BadDigest")
        #expect(put("nonsense")?.code == "InvalidDigest")
        server.behaviour.ignoresContentMD5 = true
        #expect(put(MD5Hasher.digest([]).base64)?.status == 200)
    }

    @Test("ETags come in every style, and a condition on the one that was told holds")
    func etagStyles() throws {
        func parsed(_ style: Behaviour.ETags) throws -> ETag {
            server.behaviour.etags = style
            let answer = try #require(client.request("PUT", "/photos/k", body: [1]))
            let text = answer.headers["etag"]
            if let text {
                let condition = [HeaderField("if-match", text)]
                #expect(client.request("GET", "/photos/k", extra: condition)?.status == 200)
            }
            #expect(client.request("HEAD", "/photos/k")?.headers["etag"] == text)
            return text.map { ETag($0) } ?? .absent
        }
        let honest = ETag.md5(MD5Hasher.digest([1]))
        #expect(try parsed(.md5) == honest)
        #expect(try parsed(.empty) == .absent)
        let kms = try parsed(.kms)
        #expect(kms != honest && kms.isComparable(with: honest))
        let opaque = try parsed(.opaque)
        #expect(!opaque.isAbsent && !opaque.isComparable(with: honest))
    }

    @Test("A planted multipart object answers for its parts, unless the server ignores the question")
    func parts() throws {
        let bytes = (0..<25).map { UInt8($0) }
        let object = try server.store.put("k", in: "photos", bytes, partSize: 10)
        let digests = [0..<10, 10..<20, 20..<25].map { MD5Hasher.digest(Array(bytes[$0])) }
        #expect(ETag(object.etag) == .composite(MD5Hasher.digest(digests.flatMap(\.bytes)), parts: 3))
        let part = try #require(client.request("GET", "/photos/k", query: "partNumber=3"))
        #expect(part.status == 206 && part.body == Array(bytes[20...]))
        #expect(part.headers["content-range"] == "bytes 20-24/25" && part.headers["x-amz-mp-parts-count"] == "3")
        #expect(client.request("GET", "/photos/k", query: "partNumber=4")?.status == 416)
        server.behaviour.showsPartETag = true
        let head = try #require(client.request("HEAD", "/photos/k", query: "partNumber=1"))
        #expect(head.headers["etag"] == "\"\(digests[0].hexadecimal)\"" && head.headers["content-length"] == "10")
        server.behaviour.ignoresPartNumber = true
        let whole = try #require(client.request("GET", "/photos/k", query: "partNumber=3"))
        #expect(whole.status == 200 && whole.body == bytes && whole.headers["x-amz-mp-parts-count"] == nil)
    }

    @Test("Of many that create the same key, one succeeds")
    func creation() async throws {
        let statuses = Mutex<[Int]>([])
        let client = client
        for number in 0..<16 {
            Runtime.Thread.start(name: "writer") {
                let answer = client.request(
                    "PUT", "/photos/k", body: [UInt8(number)], extra: [HeaderField("if-none-match", "*")])
                statuses.withLock { $0.append(answer?.status ?? 0) }
            }
        }
        try await Patience.until("16 answers") { statuses.withLock { $0.count } == 16 }
        #expect(statuses.withLock { $0.sorted() } == [200] + [Int](repeating: 412, count: 15))
    }

    @Test("A server that is read-only or full says so and changes nothing")
    func refusingWrites() throws {
        server.behaviour.isReadOnly = true
        #expect(client.request("PUT", "/photos/k", body: [1])?.code == "AccessDenied")
        #expect(client.request("GET", "/photos", query: "list-type=2")?.status == 200)
        server.behaviour.isReadOnly = false
        server.behaviour.isFull = true
        #expect(client.request("PUT", "/photos/k", body: [1])?.status == 507)
        #expect(client.request("DELETE", "/photos/k")?.status == 204)
        #expect(server.store.keys(in: "photos") == [])
    }

    @Test(
        "Conditions of a read",
        arguments: [
            ("if-match", "\"x\"", 412), ("if-match", "*", 200), ("if-none-match", "*", 304),
            ("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT", 200),
            ("if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT", 412), ("range", "bytes=1-1", 206),
            ("range", "bytes=9-", 416), ("range", "bytes=-0", 416), ("range", "items=0-1", 200),
            ("range", "bytes=2-1", 200),
        ])
    func conditions(name: String, value: String, status: Int) throws {
        try server.store.put("k", in: "photos", [1, 2, 3])
        #expect(client.request("GET", "/photos/k", extra: [HeaderField(name, value)])?.status == status)
    }

    @Test("An archived object can be seen and not be read")
    func archived() throws {
        try server.store.put(
            "k", in: "photos", [1], headers: [ObjectHeaders.NameValue("x-amz-storage-class", "GLACIER")])
        #expect(client.request("GET", "/photos/k")?.code == "InvalidObjectState")
        #expect(client.request("HEAD", "/photos/k")?.headers["x-amz-storage-class"] == "GLACIER")
        #expect(client.request("GET", "/photos", query: "list-type=2")?.elements("StorageClass") == ["GLACIER"])
    }

    @Test("The log tells what was asked and nothing secret")
    func log() throws {
        try server.store.put("a b", in: "photos", [1, 2, 3])
        let signer = SignatureV4(credentials: client.credentials, region: "us-east-1", date: TestClient.now())
        let request = SignableRequest(
            method: "GET", host: "127.0.0.1:\(server.port)", path: Array("/photos/a%20b".utf8))
        let query = String(decoding: signer.presignedQuery(for: request, expires: 60), as: UTF8.self)
        #expect(client.send("GET", "/photos/a%20b?\(query)")?.status == 200)
        #expect(client.request("PUT", "/photos/%FF", body: [1])?.status == 200)
        let records = server.requests.records
        #expect(records.map(\.operation) == [.getObject, .putObject] && records.map(\.sequence) == [1, 2])
        #expect(records[0].key == "a b" && records[0].responseBytes == 3 && records[1].requestBytes == 1)
        #expect(records[0].query.contains("X-Amz-Signature=***"))
        let signature = query.components(between: "X-Amz-Signature=", and: "&").first ?? String(query.suffix(64))
        for record in records {
            #expect(!record.line.contains(signature) && !record.line.lowercased().contains("authorization"))
        }
        #expect(records[1].line.contains(#""keyHex":"ff""#))
    }

    @Test("Two hundred connections at once are served")
    func connections() async throws {
        try server.store.put("k", in: "photos", [UInt8](repeating: 1, count: 100_000))
        server.faults.add(FaultRule("wait", .operation(.getObject), .delay(milliseconds: 300)))
        let answers = Mutex<[(size: Int, time: Duration)]>([])
        let client = client
        let began = ContinuousClock.now
        for _ in 0..<200 {
            Runtime.Thread.start(name: "reader") {
                let size = client.request("GET", "/photos/k")?.body.count ?? 0
                answers.withLock { $0.append((size, ContinuousClock.now - began)) }
            }
        }
        try await Patience.until("200 answers") { answers.withLock { $0.count } == 200 }
        #expect(answers.withLock { $0.allSatisfy { $0.size == 100_000 } })
        // One after the other they would take a minute.
        #expect(answers.withLock { $0.allSatisfy { $0.time < .seconds(20) } })
    }

    @Test("A port that is taken, or an address that is none, is a sentence and not a server")
    func takenPort() throws {
        var options = Sandbox.Options()
        options.port = server.port
        #expect(throws: SandboxFailure.self) { try Sandbox.start(options) }
        options.address = "example.com"
        #expect(throws: SandboxFailure.self) { try Sandbox.start(options) }
    }
}
