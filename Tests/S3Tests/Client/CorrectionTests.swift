import ObjectModel
import Reactor
import S3Sandbox
import Testing

@testable import S3

@Suite("Corrections of the signature", .timeLimit(.minutes(10)))
struct CorrectionTests {
    @Test("A server in another region is believed once, and from then on")
    func region() async throws {
        let server = try ServerUnderTest { $0.region = "eu-west-1" }
        let bytes = try server.put("k", count: 10)
        let client = server.client()
        let got = try await onReactor { [try await client.bytes(of: "k"), try await client.bytes(of: "k")] }
        #expect(got == [bytes, bytes])
        #expect(server.statuses(.getObject) == [400, 200, 200])
    }

    @Test("A clock that is off by hours is corrected once, and from then on", arguments: [-7200.0, 7200])
    func clock(_ offset: Double) async throws {
        let server = try ServerUnderTest { $0.behaviour.clockOffset = offset }
        let bytes = try server.put("k", count: 10)
        let client = server.client()
        let got = try await onReactor { [try await client.bytes(of: "k"), try await client.bytes(of: "k")] }
        #expect(got == [bytes, bytes])
        #expect(server.statuses(.getObject) == [403, 200, 200])
    }

    @Test("Both at once are corrected for one request")
    func both() async throws {
        let server = try ServerUnderTest {
            $0.region = "eu-west-1"
            $0.behaviour.clockOffset = 7200
        }
        let bytes = try server.put("k", count: 10)
        let client = server.client()
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
        #expect(server.sandbox.requests.records.count == 3)
    }

    @Test("A server that stays unhappy is asked twice, not for ever")
    func stubborn() async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 10)
        server.sandbox.faults.add(
            FaultRule("skewed", .operation(.getObject), .status(.init(403, code: "RequestTimeTooSkewed"))))
        let client = server.client()
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.bytes(of: "k") } }
        #expect(error?.kind == .refused)
        #expect(server.statuses(.getObject) == [403, 403])
    }

    @Test("A redirect to another region is no redirect to follow, only a region to sign for")
    func redirect() async throws {
        let raw = try ScriptedServer([
            "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-west-1\r\nLocation: http://192.0.2.1/\r\n"
                + "Content-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
        ])
        let client = ServerUnderTest.client(port: raw.port)
        let size = try await onReactor { try await client.headObject(bucket: "b", key: "k").size }
        #expect(size == 3)
        #expect(raw.requests.count == 2)
        #expect(raw.requests[0].contains("/us-east-1/s3/") && raw.requests[1].contains("/eu-west-1/s3/"))
    }

    @Test("A redirect without a region is an error")
    func plainRedirect() async throws {
        let raw = try ScriptedServer([
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"
        ])
        let client = ServerUnderTest.client(port: raw.port)
        let error = await #expect(throws: S3Error.self) {
            try await onReactor { try await client.headObject(bucket: "b", key: "k").size }
        }
        #expect(error?.status == 307 && error?.kind == .other)
        #expect(raw.requests.count == 1)
    }

    @Test("A wrong secret stays wrong: it is not tried again")
    func wrongSecret() async throws {
        let server = try ServerUnderTest { $0.secretKey = "another" }
        try server.put("k", count: 10)
        let client = server.client()
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await client.bytes(of: "k") } }
        #expect(error?.code == "SignatureDoesNotMatch" && error?.attempts == 1)
        #expect(server.statuses(.getObject) == [403])
    }

    @Test("A session token is sent and signed")
    func sessionToken() async throws {
        let server = try ServerUnderTest { $0.sessionToken = "token/with+odd=bytes" }
        let bytes = try server.put("k", count: 10)
        let plain = server.client()
        let error = await #expect(throws: S3Error.self) { try await onReactor { try await plain.bytes(of: "k") } }
        #expect(error?.code == "InvalidTokenId")
        let client = S3Client(
            endpoint: Endpoint(scheme: .http, host: "127.0.0.1", port: server.sandbox.port),
            credentials: Credentials(
                accessKey: ServerUnderTest.credentials.accessKey,
                secretKey: ServerUnderTest.credentials.secretKey.revealed, sessionToken: "token/with+odd=bytes"),
            connection: ConnectionOptions())
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
    }

    @Test("A presigned URL needs no signature more, and is refused when it is over or changed")
    func presigned() async throws {
        let server = try ServerUnderTest()
        let key: ObjectKey = "a b/é+%~//x"
        let bytes = try server.put(key, count: 1000)
        let client = server.client()
        let now = server.sandbox.store.object(key, in: ServerUnderTest.bucket)?.modified ?? Timestamp(seconds: 0)
        func get(_ url: String) async throws -> (Int, [UInt8]) {
            try await onReactor {
                let transfer = Reactor.required().transfers.start(
                    HTTPRequest(method: .get, url: url, headers: [], connection: client.connection))
                try await transfer.awaitEnd()
                return (transfer.status, transfer.body.bytes)
            }
        }
        let url = try #require(
            client.presignedGet(bucket: ServerUnderTest.bucket, key: key, seconds: 60, at: now))
        let answer = try await get(url)
        #expect(answer.0 == 200 && answer.1 == bytes)
        #expect(try await get(url.replacing("X-Amz-Expires=60", with: "X-Amz-Expires=600")).0 == 403)
        let old = try #require(
            client.presignedGet(
                bucket: ServerUnderTest.bucket, key: key, seconds: 60,
                at: Timestamp(milliseconds: now.milliseconds - 61_000)))
        #expect(try await get(old).0 == 403)
    }

    @Test("Without credentials nothing is signed and nothing presigned")
    func anonymous() async throws {
        let server = try ServerUnderTest { $0.requiresSignature = false }
        let bytes = try server.put("k", count: 10)
        let client = S3Client(
            endpoint: Endpoint(scheme: .http, host: "127.0.0.1", port: server.sandbox.port), credentials: nil,
            connection: ConnectionOptions())
        #expect(try await onReactor { try await client.bytes(of: "k") } == bytes)
        #expect(client.presignedGet(bucket: "b", key: "k", seconds: 60, at: Timestamp(seconds: 0)) == nil)
    }
}
