import ObjectModel
import Testing

@testable import Audit

@Suite("Manifests of checksums")
struct ChecksumManifestTests {
    private static let md5 = "9e107d9d372bb6826bd81d3542a419d6"
    private static let sha256 = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d92cdb762d02d0bf37c9e592".prefix(64)

    private func read(_ text: String) throws -> [ChecksumManifest.Entry] {
        try ChecksumManifest(Array(text.utf8)).entries
    }

    @Test("Lines of md5sum and sha256sum, text and binary, GNU and BSD, come sorted by bytes")
    func forms() throws {
        let entries = try read(
            """
            \(Self.md5)  ./z/b.apk
            # made by hand\r
            \(Self.sha256.uppercased()) *a b.apk\r

            MD5 (x (1).apk) = \(Self.md5)
            SHA256 (y) = \(Self.sha256)
            \(Self.md5)  ./z/b.apk
            """)
        #expect(entries.map { "\($0.key)" } == ["a b.apk", "x (1).apk", "y", "z/b.apk"])
        #expect(entries[0].digest == .sha256(String(Self.sha256)))
        #expect(entries[3].digest == .md5(Self.md5))
    }

    @Test("A backslash before the digest says that the name has escapes")
    func escapes() throws {
        #expect(try read("\\\(Self.md5)  a\\nb\\\\c\\rd\n")[0].key == "a\nb\\c\rd")
        #expect(try read("\(Self.md5)  a\\nb\n")[0].key == "a\\nb")
        #expect(try read("\\MD5 (a\\nb\\\\c) = \(Self.md5)\n")[0].key == "a\nb\\c")
    }

    @Test("An empty manifest has no entries")
    func empty() throws { #expect(try read("\n \n").isEmpty) }

    @Test(
        "What is no such line is named by its number",
        arguments: [
            "hello", "\(md5)", "\(md5) a", "\(md5)  ", "\(md5.dropLast())  a", "\(md5)x  a", "SHA256 (a) = \(md5)",
            "MD5 () = \(md5)", "\(sha256)0  a",
        ])
    func malformed(_ line: String) {
        let error = #expect(throws: ChecksumManifest.Malformed.self) {
            _ = try ChecksumManifest(Array("\n\(line)\n".utf8))
        }
        #expect(error?.line == 2)
    }

    @Test("One name with two digests is refused")
    func contradiction() {
        let other = "e4d909c290d0fb1ca068ffaddf22cbd0"
        let error = #expect(throws: ChecksumManifest.Malformed.self) {
            _ = try ChecksumManifest(Array("\(Self.md5)  a\n\(other)  ./a\n".utf8))
        }
        #expect(error?.line == 2)
        #expect(error?.description.contains("line 1") == true)
    }
}
