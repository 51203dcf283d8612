import ObjectModel
import Reactor
import S3Sandbox
import Testing

@testable import S3

@Suite("Uploads in parts, and copies within a server", .timeLimit(.minutes(10)))
struct MultipartTests {
    private static let bucket = ServerUnderTest.bucket

    private static let headers: ObjectHeaders = {
        var headers = ObjectHeaders()
        headers.contentType = "application/vnd.android.package-archive"
        headers.addUserMetadata("Build-Number", "7")
        return headers
    }()

    @Test("An object is made of parts, and its parts are told again in every way")
    func multipart() async throws {
        let server = try ServerUnderTest { $0.behaviour.minimumPartSize = 1 }
        let client = server.client()
        let bytes = ServerUnderTest.bytes(1000)
        let (stored, uploads, result) = try await onReactor {
            let upload = try await client.createUpload(bucket: Self.bucket, key: "a b+é", headers: Self.headers)
            var parts: [UploadedPart] = []
            for (index, range) in [0..<300, 300..<600, 600..<900, 900..<1000].enumerated() {
                let etag = try await client.uploadPart(
                    upload, number: index + 1, body: ByteBlock(Array(bytes[range])), contentMD5: nil)
                parts.append(UploadedPart(number: index + 1, etag: etag, size: Int64(range.count)))
            }
            let stored = try await client.listParts(upload)
            let uploads = try await client.listUploads(bucket: Self.bucket, prefix: "a b+é")
            #expect(stored == parts)
            return (stored, uploads, try await client.completeUpload(upload, parts: parts))
        }
        #expect(stored.map(\.size) == [300, 300, 300, 100])
        #expect(uploads.map(\.upload.key) == ["a b+é"])
        #expect(result.etag == ETag("5e082da79369d780b10c6d7c837e4163-4"))
        #expect(try server.sandbox.store.bytes(of: "a b+é", in: Self.bucket) == bytes)
        let (layout, sizes, attributes, info) = try await onReactor {
            (
                try await client.partLayout(bucket: Self.bucket, key: "a b+é", size: 1000, parts: 4),
                try await client.allPartSizes(bucket: Self.bucket, key: "a b+é", size: 1000, parts: 4),
                try await client.partSizes(bucket: Self.bucket, key: "a b+é"),
                try await client.headObject(bucket: Self.bucket, key: "a b+é")
            )
        }
        #expect(layout?.first == 300 && layout?.isUniform == true)
        #expect(sizes == [300, 300, 300, 100] && attributes == sizes)
        #expect(info.headers == Self.headers)
    }

    @Test("Where a server does not tell the parts, that is found out once")
    func silentAboutParts() async throws {
        let server = try ServerUnderTest {
            $0.behaviour.ignoresPartNumber = true
            $0.behaviour.refusesAttributes = true
        }
        try server.put("k", count: 1000, partSize: 300)
        let client = server.client { $0.retries.attempts = 1 }
        let (first, second) = try await onReactor {
            (
                try await client.partLayout(bucket: Self.bucket, key: "k", size: 1000, parts: 4),
                try await client.partLayout(bucket: Self.bucket, key: "k", size: 1000, parts: 4)
            )
        }
        #expect(first == nil && second == nil)
        #expect(server.statuses(.headObject) == [200])
        #expect(try await onReactor { try await client.partSizes(bucket: Self.bucket, key: "k") } == nil)
        #expect(
            try await onReactor { try await client.allPartSizes(bucket: Self.bucket, key: "k", size: 1000, parts: 4) }
                == nil)
    }

    @Test(
        "Where the first part cannot be told the layout is unknown, and a failure is asked for once more at most",
        arguments: [(416, 1), (500, 2), (400, 1), (404, 1), (501, 1), (503, 3)])
    func partsThatFail(_ status: Int, _ requests: Int) async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 1000, partSize: 300)
        server.sandbox.faults.add(
            FaultRule("no part", FaultRule.Match(query: ["partNumber": "1"]), .status(.init(status, code: ""))),
            FaultRule("no sizes", .operation(.getObjectAttributes), .status(.init(status, code: ""))))
        let client = server.client()
        let (layout, sizes) = try await onReactor {
            (
                try await client.partLayout(bucket: Self.bucket, key: "k", size: 1000, parts: 4),
                try await client.allPartSizes(bucket: Self.bucket, key: "k", size: 1000, parts: 4)
            )
        }
        #expect(layout == nil && sizes == nil)
        #expect(server.statuses(.headObject) == Array(repeating: status, count: 2 * requests))
        #expect(server.statuses(.getObjectAttributes) == Array(repeating: status, count: requests))
    }

    @Test("A refusal to tell the first part is an error, one to tell all sizes is not")
    func partsRefused() async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 1000, partSize: 300)
        server.sandbox.faults.add(
            FaultRule("no sizes", .operation(.getObjectAttributes), .status(.init(403, code: "AccessDenied"))))
        let client = server.client()
        let sizes = try await onReactor {
            try await client.allPartSizes(bucket: Self.bucket, key: "k", size: 1000, parts: 4)
        }
        #expect(sizes == [300, 300, 300, 100])
        server.sandbox.faults.add(
            FaultRule("no", .operation(.headObject), .status(.init(403, code: "AccessDenied", hasBody: false))))
        let error = await #expect(throws: S3Error.self) {
            try await onReactor {
                _ = try await client.partLayout(bucket: Self.bucket, key: "k", size: 1000, parts: 4)
            }
        }
        #expect(error?.kind == .refused)
    }

    @Test("The stored parts are read under either name that servers give to their list")
    func partLists() async throws {
        for root in ["ListPartsResult", "ListPartsResponse"] {
            let body =
                "<\(root)><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag><Size>7</Size>"
                + "</Part></\(root)>"
            let server = try ScriptedServer(["HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"])
            let client = ServerUnderTest.client(port: server.port) { $0.retries.attempts = 1 }
            let parts = try await onReactor {
                try await client.listParts(MultipartUpload(bucket: Self.bucket, key: "k", id: "u"))
            }
            #expect(parts == [UploadedPart(number: 1, etag: ETag("e"), size: 7)])
        }
    }

    @Test("An upload is dropped, and dropping it again does no harm")
    func aborting() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let error = try await onReactor {
            let upload = try await client.createUpload(bucket: Self.bucket, key: "k", headers: ObjectHeaders())
            _ = try await client.uploadPart(upload, number: 1, body: ByteBlock([1]), contentMD5: nil)
            try await client.abortUpload(upload)
            try await client.abortUpload(upload)
            do { _ = try await client.listParts(upload) } catch { return error as? S3Error }
            return nil
        }
        #expect(error?.kind == .noSuchUpload)
        #expect(server.sandbox.store.uploadCount(in: Self.bucket) == 0)
    }

    @Test("Parts are copied within the server, and so are objects of any size")
    func copyingParts() async throws {
        let server = try ServerUnderTest { $0.behaviour.minimumPartSize = 1 }
        let client = server.client()
        let bytes = try server.put("a b", count: 1000)
        try await onReactor {
            let upload = try await client.createUpload(bucket: Self.bucket, key: "k", headers: ObjectHeaders())
            var parts: [UploadedPart] = []
            for (number, range) in [(1, 0...599), (2, 600...999)] as [(Int, ClosedRange<Int64>)] {
                let etag = try await client.uploadPartCopy(
                    upload, number: number, from: (Self.bucket, "a b"), range: range)
                parts.append(UploadedPart(number: number, etag: etag, size: Int64(range.count)))
            }
            _ = try await client.completeUpload(upload, parts: parts)
            try await client.copyLargeObject(from: (Self.bucket, "k"), to: (Self.bucket, "large"))
        }
        #expect(try server.sandbox.store.bytes(of: "k", in: Self.bucket) == bytes)
        #expect(try server.sandbox.store.bytes(of: "large", in: Self.bucket) == bytes)
        #expect(server.sandbox.store.uploadCount(in: Self.bucket) == 0)
    }

    // MARK: 200 with an error

    @Test("A copy that answers 200 with an error has failed, and is done again")
    func copyLies() async throws {
        let server = try ServerUnderTest()
        let client = server.client()
        let bytes = try server.put("k", count: 10)
        server.sandbox.faults.add(
            FaultRule(
                "lie", .operation(.copyObject, times: 2), .errorIn200(.init(200, code: "InternalError"), spaces: 9)))
        _ = try await onReactor {
            try await client.copyObject(from: (Self.bucket, "k"), to: (Self.bucket, "copy"), headers: nil)
        }
        #expect(try server.sandbox.store.bytes(of: "copy", in: Self.bucket) == bytes)
        server.sandbox.faults.add(
            FaultRule("lie", .operation(.copyObject), .errorIn200(.init(200, code: "InternalError"), spaces: 9)))
        let error = await #expect(throws: S3Error.self) {
            try await onReactor {
                try await client.copyObject(from: (Self.bucket, "k"), to: (Self.bucket, "other"), headers: nil)
            }
        }
        #expect(error?.kind == .serverFailure && error?.code == "InternalError" && error?.attempts == 3)
        #expect(server.sandbox.store.object("other", in: Self.bucket) == nil)
    }

    @Test(
        "Completing an upload that answers 200 with an error, or with nothing, has failed and is not done again",
        arguments: [true, false])
    func completeLies(_ isDocument: Bool) async throws {
        let server = try ServerUnderTest { $0.behaviour.minimumPartSize = 1 }
        let client = server.client()
        server.sandbox.faults.add(
            FaultRule(
                "lie", .operation(.completeMultipartUpload),
                isDocument ? .errorIn200(.init(200, code: "InternalError"), spaces: 99) : .shorten(byBytes: 10)))
        let error = await #expect(throws: S3Error.self) {
            try await onReactor {
                let upload = try await client.createUpload(bucket: Self.bucket, key: "k", headers: ObjectHeaders())
                let etag = try await client.uploadPart(upload, number: 1, body: ByteBlock([1]), contentMD5: nil)
                return try await client.completeUpload(upload, parts: [UploadedPart(number: 1, etag: etag, size: 1)])
            }
        }
        #expect(error?.kind == (isDocument ? .serverFailure : .malformedAnswer))
        #expect(server.statuses(.completeMultipartUpload) == [200])
    }

    @Test("An error that a script answers in place of a success comes with status 200, whatever its own is")
    func scriptedLie() async throws {
        let server = try ServerUnderTest()
        try server.put("k", count: 10)
        server.sandbox.faults.add(
            FaultRule("lie", .operation(.copyObject), .errorIn200(.init(500, code: "InternalError"), spaces: 1)))
        let client = server.client { $0.retries.attempts = 1 }
        await #expect(throws: S3Error.self) {
            try await onReactor {
                try await client.copyObject(from: (Self.bucket, "k"), to: (Self.bucket, "copy"), headers: nil)
            }
        }
        #expect(server.statuses(.copyObject) == [200])
    }
}
