import Digests
import ObjectModel
import Reactor
import S3Sandbox
import Testing

@testable import S3

@Suite("Operations", .timeLimit(.minutes(10)))
struct OperationTests {
    private static let bucket = ServerUnderTest.bucket

    private static let headers: ObjectHeaders = {
        var headers = ObjectHeaders()
        headers.contentType = "application/vnd.android.package-archive"
        headers.contentEncoding = "gzip"
        headers.contentDisposition = "attachment; filename=\"a b.apk\""
        headers.contentLanguage = "en, de"
        headers.cacheControl = "max-age=60"
        headers.expires = "Sat, 21 Nov 2026 01:02:03 GMT"
        headers.addUserMetadata("Build-Number", "7")
        headers.addUserMetadata("spaces", "a b")
        return headers
    }()

    private static let tags: [ObjectHeaders.NameValue] = [.init("a b", "x&y"), .init("stage", "é")]

    @Test("What is put is there, headers and tags and all")
    func putAndGet() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let bytes = ServerUnderTest.bytes(1000)
        let digest = MD5Hasher.digest(bytes)
        var headers = Self.headers
        headers.setTags(Self.tags)
        let sent = headers
        let (etag, info, tags) = try await onReactor {
            let result = try await client.putObject(
                bucket: Self.bucket, key: "k", headers: sent, body: ByteBlock(bytes), contentMD5: digest)
            return (
                result.etag, try await client.headObject(bucket: Self.bucket, key: "k"),
                try await client.objectTags(bucket: Self.bucket, key: "k")
            )
        }
        #expect(etag == .md5(digest) && info.etag == etag)
        #expect(info.size == 1000 && info.tagCount == 2)
        #expect(info.headers == Self.headers)
        #expect(tags == Self.tags)
        #expect(try server.sandbox.store.bytes(of: "k", in: Self.bucket) == bytes)
    }

    @Test("Bytes other than promised are refused, once")
    func digestMismatch() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let error = await #expect(throws: S3Error.self) {
            try await onReactor {
                try await client.putObject(
                    bucket: Self.bucket, key: "k", headers: ObjectHeaders(), body: ByteBlock([1, 2, 3]),
                    contentMD5: MD5Hasher.digest([1, 2, 4]))
            }
        }
        #expect(error?.kind == .digestMismatch && error?.attempts == 1)
        #expect(server.sandbox.store.object("k", in: Self.bucket) == nil)
    }

    @Test("Parts of an object, and only the version that is meant, are read")
    func readOptions() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let bytes = try server.put("k", count: 1000, partSize: 300)
        let etag = try await onReactor { try await client.headObject(bucket: Self.bucket, key: "k").etag }
        #expect(etag == ETag("5e082da79369d780b10c6d7c837e4163-4"))
        let (range, part) = try await onReactor {
            (
                try await client.bytes(of: "k", options: ReadOptions(ifMatch: etag, range: 10...19)),
                try await client.bytes(of: "k", options: ReadOptions(partNumber: 4))
            )
        }
        #expect(range == Array(bytes[10...19]))
        #expect(part == Array(bytes[900...]))
        let error = await #expect(throws: S3Error.self) {
            try await onReactor { try await client.bytes(of: "k", options: ReadOptions(ifMatch: ETag("other"))) }
        }
        #expect(error?.kind == .preconditionFailed)
    }

    @Test(
        "An ETag goes back as it came",
        arguments: [
            "\"9e107d9d372bb6826bd81d3542a419d6\"", "\"9E107D9D372BB6826BD81D3542A419D6-3\"", "W/\"abc\"", "\"x-1\"",
        ])
    func spelling(_ text: String) async throws {
        let answer = "HTTP/1.1 200 OK\r\nETag: \(text)\r\nContent-Length: 0\r\n\r\n"
        let copied = "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n<CopyObjectResult/>"
        let raw = try ScriptedServer([answer, answer, copied])
        let client = ServerUnderTest.client(port: raw.port)
        try await onReactor {
            let etag = try await client.headObject(bucket: "b", key: "k").etag
            _ = try await client.headObject(bucket: "b", key: "k", options: ReadOptions(ifMatch: etag))
            _ = try await client.copyObject(from: ("b", "k"), to: ("b", "l"), headers: nil, ifMatch: etag)
        }
        let lines = raw.requests.flatMap { $0.split(separator: "\r\n") }
        #expect(lines.contains { $0.lowercased().hasPrefix("if-match:") && $0.hasSuffix(" \(text)") })
        #expect(lines.contains { $0.lowercased().hasPrefix("x-amz-copy-source-if-match:") && $0.hasSuffix(" \(text)") })
    }

    @Test("A missing object and a missing bucket are told apart where the server tells")
    func missing() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        func kind<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async -> S3Error.Kind? {
            await #expect(throws: S3Error.self) { try await onReactor(body) }?.kind
        }
        #expect(await kind { try await client.headObject(bucket: Self.bucket, key: "k") } == .noSuchKey)
        #expect(await kind { try await client.bytes(of: "k") } == .noSuchKey)
        #expect(await kind { try await client.getObject(bucket: "none", key: "k", limit: 1).0 } == .noSuchBucket)
        #expect(try await onReactor { try await client.headBucket("none") } == false)
        #expect(try await onReactor { try await client.headBucket(Self.bucket) })
    }

    @Test("Buckets are made, made again without harm, and listed")
    func buckets() async throws {
        let server = try ServerUnderTest { $0.region = "" }
        let client = server.client { $0.region = "eu-west-1" }
        let (names, location) = try await onReactor {
            try await client.createBucket("more")
            try await client.createBucket("more")
            return (try await client.listBuckets().map(\.name), try await client.bucketLocation("more"))
        }
        #expect(names == [Self.bucket, "more"])
        #expect(!location.isEmpty)
    }

    @Test("A copy in place changes the headers and keeps the bytes; a plain copy keeps both")
    func copying() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let bytes = try server.put("a b/é", count: 500)
        let etag = try await onReactor {
            let result = try await client.copyObject(
                from: (Self.bucket, "a b/é"), to: (Self.bucket, "a b/é"), headers: Self.headers,
                ifMatch: .md5(MD5Hasher.digest(bytes)))
            _ = try await client.copyObject(from: (Self.bucket, "a b/é"), to: (Self.bucket, "k+"), headers: nil)
            return result.etag
        }
        #expect(etag == .md5(MD5Hasher.digest(bytes)))
        for key in ["a b/é", "k+"] as [ObjectKey] {
            #expect(
                try await onReactor { try await client.headObject(bucket: Self.bucket, key: key).headers }
                    == Self.headers)
            #expect(try server.sandbox.store.bytes(of: key, in: Self.bucket) == bytes)
        }
        let error = await #expect(throws: S3Error.self) {
            try await onReactor {
                try await client.copyObject(
                    from: (Self.bucket, "k+"), to: (Self.bucket, "x"), headers: nil, ifMatch: ETag("other"))
            }
        }
        #expect(error?.kind == .preconditionFailed)
    }

    @Test("Many objects are deleted at once, whatever their names; missing ones count as deleted")
    func deleting() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let keys: [ObjectKey] = ["a", "b&<>\"'", "c d", "é", "e\u{301}", "\u{1}", "\n", "a+b", "%41"]
        for key in keys { try server.put(key, count: 1) }
        try server.put("stays", count: 1)
        let failures = try await onReactor {
            try await client.deleteObjects(bucket: Self.bucket, keys: keys + ["missing"])
        }
        #expect(failures.allSatisfy { $0 == nil } && failures.count == keys.count + 1)
        #expect(server.sandbox.store.keys(in: Self.bucket) == ["stays"])
        #expect(server.statuses(.deleteObjects) == [200])
    }

    @Test("A key that comes alone is deleted by itself, and may be missing")
    func deletingOne() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        try server.put("a", count: 1)
        for _ in 0..<2 {
            #expect(try await onReactor { try await client.deleteObjects(bucket: Self.bucket, keys: ["a"]) } == [nil])
        }
        #expect(server.sandbox.store.keys(in: Self.bucket) == [])
        #expect(server.statuses(.deleteObject) == [204, 204] && server.statuses(.deleteObjects) == [])
    }

    @Test("What was not deleted is told, key by key")
    func deletionFailures() async throws {
        let document =
            "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code><Message>No.</Message></Error>"
            + "<Error><Key>c</Key><Code>NoSuchKey</Code></Error><Error><Key>d</Key><Code>InternalError</Code></Error>"
            + "<Deleted><Key>e</Key></Deleted><Error><Key>e</Key><Code>InternalError</Code></Error></DeleteResult>"
        let raw = try ScriptedServer(["HTTP/1.1 200 OK\r\nContent-Length: \(document.utf8.count)\r\n\r\n\(document)"])
        let client = ServerUnderTest.client(port: raw.port)
        let keys: [ObjectKey] = ["a", "b", "c", "d", "e"]
        let failures = try await onReactor { try await client.deleteObjects(bucket: "b", keys: keys) }
        #expect(failures.map { $0?.code } == [nil, "AccessDenied", nil, "InternalError", "InternalError"])
        #expect(failures[1]?.kind == .refused && failures[1]?.key == "b")
        #expect(failures[3]?.isTransient == true)
    }

    @Test(
        "A key that the answer does not mention was not deleted",
        arguments: [
            "<DeleteResult/>", "<DeleteResult><Deleted><Key>A</Key></Deleted></DeleteResult>",
            // One of two, and nobody can tell which.
            "<DeleteResult><Deleted></Deleted></DeleteResult>",
        ])
    func unmentioned(_ document: String) async throws {
        let raw = try ScriptedServer(["HTTP/1.1 200 OK\r\nContent-Length: \(document.utf8.count)\r\n\r\n\(document)"])
        let client = ServerUnderTest.client(port: raw.port)
        let failures = try await onReactor { try await client.deleteObjects(bucket: "b", keys: ["a", "a/b"]) }
        #expect(failures.map { $0?.kind } == [.malformedAnswer, .malformedAnswer])
        #expect(failures.map { $0?.key } == ["a", "a/b"])
    }

    @Test("Entries without names stand for the keys that no other names, as JuiceFS answers")
    func nameless() async throws {
        let document =
            "<DeleteResult><Deleted/><Deleted/><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>"
        let raw = try ScriptedServer(["HTTP/1.1 200 OK\r\nContent-Length: \(document.utf8.count)\r\n\r\n\(document)"])
        let client = ServerUnderTest.client(port: raw.port)
        let failures = try await onReactor { try await client.deleteObjects(bucket: "b", keys: ["a", "b", "c"]) }
        #expect(failures.map { $0?.code } == [nil, "AccessDenied", nil])
    }

    @Test("Tags are replaced and taken away")
    func tagging() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        try server.put("k", count: 1)
        let (set, none) = try await onReactor {
            try await client.setObjectTags(bucket: Self.bucket, key: "k", tags: Self.tags)
            let set = try await client.objectTags(bucket: Self.bucket, key: "k")
            try await client.setObjectTags(bucket: Self.bucket, key: "k", tags: [])
            return (set, try await client.objectTags(bucket: Self.bucket, key: "k"))
        }
        #expect(set == Self.tags && none == [])
        server.sandbox.behaviour.refusesTagging = true
        #expect(try await onReactor { try await client.objectTags(bucket: Self.bucket, key: "k") } == [])
    }
}
