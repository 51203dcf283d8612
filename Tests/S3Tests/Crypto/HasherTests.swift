import Digests
import ObjectModel
import Testing

@testable import S3

@Suite("Digests")
struct HasherTests {
    @Test(
        "MD5 gives RFC 1321's answers",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ])
    func md5(_ text: String, _ digest: String) {
        #expect(MD5Hasher.digest(Array(text.utf8)).hexadecimal == digest)
    }

    @Test(
        "SHA-256 gives FIPS 180's answers",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func sha256(_ text: String, _ digest: String) {
        #expect(SHA256Hasher.digest(Array(text.utf8)).hexadecimal == digest)
        #expect(PayloadHash.of(Array(text.utf8)).text == digest)
    }

    @Test("HMAC gives RFC 4231's answer, again and again and after a change of key")
    func hmac() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        let mac = HMACSHA256(key: Array("Jefe".utf8))
        let message = Array("what do ya want for nothing?".utf8)
        #expect(mac.authenticate(message).hexadecimal == expected)
        #expect(mac.authenticate(message).hexadecimal == expected)
        mac.setKey(Array("other".utf8))
        #expect(mac.authenticate(message).hexadecimal != expected)
        mac.setKey(Array("Jefe".utf8))
        #expect(mac.authenticate(message).hexadecimal == expected)
        #expect(mac.authenticate([]) == HMACSHA256.authenticate([], key: Array("Jefe".utf8)))
    }

    @Test("pieces make the same digest as the whole, and a hasher begins anew after it finished")
    func pieces() {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
        var md5 = MD5Hasher()
        var sha256 = SHA256Hasher()
        for _ in 0..<2 {
            for start in stride(from: 0, to: bytes.count, by: 777) {
                let piece = Array(bytes[start..<min(start + 777, bytes.count)])
                md5.update(piece)
                md5.update([])
                unsafe sha256.update(piece.span.bytes)
            }
            #expect(md5.finish() == MD5Hasher.digest(bytes))
            #expect(sha256.finish() == SHA256Hasher.digest(bytes))
        }
        #expect(md5.finish().hexadecimal == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(MD5Hasher.digest(Array("abc".utf8)).base64 == "kAFQmDzST7DWlj99KOF/cg==")
    }
}
