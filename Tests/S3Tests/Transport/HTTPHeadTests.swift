import ObjectModel
import Testing

@testable import S3

@Suite("Headers of answers")
struct HTTPHeadTests {
    private func head(_ status: Int = 200, _ lines: String...) -> HTTPHead {
        HTTPHead(status: status, block: Array(lines.map { $0 + "\r\n" }.joined().utf8))
    }

    @Test("Names are found in any case, values come trimmed")
    func values() {
        let head = head(200, "Content-Length:  12 ", "ETAG:\"x\"", "x-empty:", "X-Colon: a:b: c", "x-tab:\tv\t")
        #expect(head["content-length"] == "12")
        #expect(head["etag"] == "\"x\"")
        #expect(head["x-empty"] == "")
        #expect(head["x-colon"] == "a:b: c")
        #expect(head["x-tab"] == "v")
        #expect(head["x-missing"] == nil)
        #expect(head["content"] == nil)
        #expect(head["content-length-x"] == nil)
    }

    @Test("The first of several counts")
    func repeated() {
        #expect(head(200, "A: 1", "a: 2")["a"] == "1")
    }

    @Test("Lines without a name are no headers")
    func broken() {
        let head = head(200, ": x", "no colon", "a: 1")
        #expect(head["a"] == "1")
        #expect(head[""] == nil)
    }

    @Test("Headers without a carriage return and bytes that are not UTF-8 do no harm")
    func odd() {
        let head = HTTPHead(status: 200, block: Array("a: 1\nb: ".utf8) + [0xFF, 0x0D, 0x0A])
        #expect(head["a"] == "1")
        #expect(head["b"] == "\u{FFFD}")
    }

    @Test("All headers with a prefix are given, without it and in lower case")
    func prefix() {
        var found: [String: String] = [:]
        head(200, "X-Amz-Meta-One: 1", "x-amz-meta-TWO: two words", "x-amz-metal: no", "x-amz-meta-: empty", "Other: 3")
            .forEach(prefix: "x-amz-meta-") { found[$0] = $1 }
        #expect(found == ["one": "1", "two": "two words", "": "empty"])
    }

    @Test(
        "Only 2xx is success",
        arguments: [(200, true), (206, true), (299, true), (199, false), (304, false), (500, false), (0, false)])
    func success(_ status: Int, _ isSuccess: Bool) {
        #expect(head(status).isSuccess == isSuccess)
    }

    // MARK: What they say of an object

    @Test("An object's properties are read from its headers")
    func object() throws {
        let info = try #require(
            ObjectInfo(
                head(
                    200, "Content-Length: 5", "ETag: \"9e107d9d372bb6826bd81d3542a419d6-2\"",
                    "Last-Modified: Sat, 21 Nov 2026 01:02:03 GMT", "Content-Type: text/plain",
                    "Content-Encoding: aws-chunked, gzip", "Cache-Control: no-store", "Content-Disposition: inline",
                    "Content-Language: en", "Expires: 0", "X-Amz-Meta-Build: 7", "x-amz-tagging-count: 2",
                    "x-amz-storage-class: GLACIER", "x-amz-version-id: v1", "x-amz-mp-parts-count: 2",
                    "x-amz-server-side-encryption: AES256")))
        #expect(info.size == 5 && info.contentLength == 5)
        #expect(info.etag == ETag("9e107d9d372bb6826bd81d3542a419d6-2"))
        #expect(info.lastModified == Timestamp(seconds: 1_795_222_923))
        #expect(info.headers.contentType == "text/plain")
        #expect(info.headers.contentEncoding == "gzip")
        #expect(info.headers.cacheControl == "no-store")
        #expect(info.headers.contentDisposition == "inline")
        #expect(info.headers.contentLanguage == "en")
        #expect(info.headers.expires == "0")
        #expect(info.headers.userMetadata == [.init("build", "7")])
        #expect(info.tagCount == 2 && info.partCount == 2)
        #expect(info.storageClass == "GLACIER" && info.versionID == "v1")
        #expect(info.isEncrypted)
    }

    @Test("Of a range, the whole object's size is known and the answer's own length")
    func range() throws {
        let info = try #require(ObjectInfo(head(206, "Content-Length: 10", "Content-Range: bytes 0-9/1000")))
        #expect(info.size == 1000 && info.contentLength == 10)
        let unknown = try #require(ObjectInfo(head(206, "Content-Length: 10", "Content-Range: bytes 0-9/*")))
        #expect(unknown.size == 10)
    }

    @Test("What travelled in chunks only has no encoding")
    func transferCoding() throws {
        let info = try #require(ObjectInfo(head(200, "Content-Length: 0", "Content-Encoding: aws-chunked")))
        #expect(info.headers.contentEncoding == nil)
        #expect(info.etag.isAbsent && info.lastModified == nil && !info.isEncrypted)
    }

    @Test(
        "An answer without a believable length says nothing of an object",
        arguments: ["X: 1", "Content-Length: x", "Content-Length: -1"])
    func noLength(_ line: String) {
        #expect(ObjectInfo(head(200, line)) == nil)
    }

    @Test("An object's properties go into a request as they came out of an answer")
    func roundTrip() throws {
        var headers = ObjectHeaders()
        headers.contentType = "text/plain"
        headers.contentEncoding = "gzip"
        headers.contentDisposition = "attachment"
        headers.contentLanguage = "en"
        headers.cacheControl = "max-age=1"
        headers.expires = "Sat, 21 Nov 2026 01:02:03 GMT"
        headers.addUserMetadata("Build", "7")
        let lines = headers.requestFields().map { "\($0.name): \($0.value)\r\n" }.joined()
        let info = try #require(ObjectInfo(HTTPHead(status: 200, block: Array("Content-Length: 0\r\n\(lines)".utf8))))
        #expect(info.headers == headers)
    }

    @Test("Tags travel in one encoded header")
    func tags() {
        var headers = ObjectHeaders()
        headers.setTags([.init("b", "x&y=z"), .init("a é", "")])
        #expect(headers.requestFields() == [HeaderField("x-amz-tagging", "a%20%C3%A9=&b=x%26y%3Dz")])
        #expect(headers.requestFields(includesTags: false).isEmpty)
    }
}
