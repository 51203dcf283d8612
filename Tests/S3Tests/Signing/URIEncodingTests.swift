import ObjectModel
import S3
import Testing

@Suite("URI encoding")
struct URIEncodingTests {
    @Test("exactly the unreserved characters stand for themselves")
    func unreserved() {
        let expected = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        for byte in UInt8.min...UInt8.max {
            let encoded = URIEncoding.encode([byte], keepSlash: false)
            #expect((encoded == [byte]) == expected.contains(byte), "byte \(byte)")
            #expect(encoded.count == (expected.contains(byte) ? 1 : 3), "byte \(byte)")
            #expect(URIEncoding.decode(encoded, plusIsSpace: true) == [byte])
        }
        #expect(String(decoding: URIEncoding.encode([0xC3, 0xA9, 0x2F], keepSlash: true), as: UTF8.self) == "%C3%A9/")
    }

    @Test("a percent sign without two digits is refused", arguments: ["%", "%4", "a%zz", "%4g", "%%41"])
    func malformed(_ text: String) {
        #expect(URIEncoding.decode(Array(text.utf8), plusIsSpace: true) == nil)
    }

    @Test("a plus is a space only where asked")
    func plus() {
        #expect(URIEncoding.decode(Array("a+b%2b%2B".utf8), plusIsSpace: true) == Array("a b++".utf8))
        #expect(URIEncoding.decode(Array("a+b".utf8), plusIsSpace: false) == Array("a+b".utf8))
    }

    @Test(
        "a received path or query is brought into canonical form",
        arguments: [
            ("/test$file", "/test%24file"), ("/a%2Fb", "/a/b"), ("/a//b/./..", "/a//b/./.."),
            ("/%e9%zz", "/%25e9%25zz"),
        ])
    func receivedPath(_ received: String, _ canonical: String) {
        let path = SignatureV4.canonicalPath(received: Array(received.utf8))
        #expect(String(decoding: path, as: UTF8.self) == canonical)
    }

    @Test(
        "a received query is decoded, encoded and sorted",
        arguments: [
            ("", ""), ("acl", "acl="), ("b=2&a=x+y&&a=%2b&c=", "a=%2B&a=x%20y&b=2&c="),
            ("prefix=a/b=c", "prefix=a%2Fb%3Dc"),
            ("=v", "=v"), ("X-Amz-Signature=0&z", "z="),
        ])
    func receivedQuery(_ received: String, _ canonical: String) {
        let query = SignatureV4.canonicalQuery(received: Array(received.utf8))
        #expect(String(decoding: query, as: UTF8.self) == canonical)
    }
}
