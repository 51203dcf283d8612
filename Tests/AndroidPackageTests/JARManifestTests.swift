import Testing

@testable import AndroidPackage

@Suite("Manifests of JARs")
struct JARManifestTests {
    private func manifest(_ text: String) throws -> JARManifest { try JARManifest(Array(text.utf8)) }

    @Test("sections are read, whatever ends their lines", arguments: ["\n", "\r\n", "\r"])
    func sections(_ newline: String) throws {
        let lines = [
            "Manifest-Version: 1.0", "X-Android-APK-Signed: 2, 3", "", "Name: assets/a-long-na", " me.txt",
            "SHA-256-Digest: YWJj", "", "", "Name: b", "sha1-digest: eHl6", "Other: value",
        ]
        let manifest = try manifest(lines.joined(separator: newline) + newline)
        #expect(Set(manifest.files.keys) == [Array("assets/a-long-name.txt".utf8), Array("b".utf8)])
        let first = try #require(manifest.files[Array("assets/a-long-name.txt".utf8)])
        // The section that digests are about goes up to the empty line that ends it.
        let text = String(decoding: manifest.bytes[first.range], as: UTF8.self)
        #expect(text == lines[3...6].map { $0 + newline }.joined())
        #expect(JARManifest.digests(first, suffix: "-digest").map(\.algorithm) == [.sha256])
        let second = try #require(manifest.files[Array("b".utf8)])
        #expect(JARManifest.digests(second, suffix: "-digest").map(\.algorithm) == [.sha1])
        #expect(try JARSignature(manifest.bytes).announced == [.v2, .v3])
    }

    static let brokenTexts = [
        " continued", "no colon", "A: b\n\nB: c\n", "A: b\n\nName: x\n\nName: x\n",
        "A: b\n\nName: x\n" + (0..<40).map { "X\($0)-Digest: YQ==\n" }.joined(),
    ]

    @Test("what is no manifest is refused", arguments: brokenTexts)
    func broken(_ text: String) {
        #expect(throws: Malformed.self) { try manifest(text) }
    }

    static let base64Texts: [(text: String, bytes: [UInt8]?)] = [
        ("", []), ("YQ==", [0x61]), ("YWI=", [0x61, 0x62]), ("YWJj", [0x61, 0x62, 0x63]),
        ("YWJj ", [0x61, 0x62, 0x63]),
        ("+/8=", [0xFB, 0xFF]), ("Y", nil), ("Y-_j", nil), ("YW=j", nil),
    ]

    @Test("digests are in base64", arguments: base64Texts)
    func base64(_ text: String, _ bytes: [UInt8]?) {
        #expect(JARBase64.decode(Array(text.utf8)) == bytes)
    }

    @Test("a signature is of one text only", arguments: ["v1", "v1-dsa", "v1-two-signers"])
    func signatures(_ name: String) async throws {
        var reader = RangeReader(BytesSource(try Fixture.package(name)))
        let package = try await PackageDirectory(&reader)
        for files in try #require(JARFiles(package.directory)).signatures {
            let text = try await package.contents.data(of: files.text, limit: 1 << 20, &reader)
            let block = try await package.contents.data(of: files.block, limit: 1 << 20, &reader)
            #expect(try !SignatureBlockFile.certificate(in: block, signing: text).isEmpty)
            for wrong in [text + [10], Array(text.dropLast()), []] {
                #expect(throws: Malformed.self) { try SignatureBlockFile.certificate(in: block, signing: wrong) }
            }
        }
    }
}
