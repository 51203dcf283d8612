import AndroidPackage
import Glibc
import TestSupport
import Testing

/// What Android's own tools say today, where they are installed (`deploy/packages` names them).
@Suite(
    "Android's tools",
    .enabled(if: Oracle.isInstalled, "aapt, apksigner, zipalign, keytool or android-framework-res is missing"))
struct OracleTests {
    @Test("they still say of every package what is written down beside it")
    func check() {
        #expect(Oracle.run("'\(Fixture.folder)/make' --check"))
    }

    @Test("large packages that they sign now are found intact, and not if one byte changes")
    func large() async throws {
        let folder = TemporaryFolder()
        try #require(Oracle.run("'\(Fixture.folder)/make' --large '\(folder.path)'"))
        for name in ["large", "large-v1", "large-sha512", "large-verity"] {
            let bytes = try #require(folder.read("\(name).apk"))
            let words = try #require(folder.read("\(name).txt"))
            let golden = Fixture.golden(text: String(decoding: words, as: UTF8.self))
            #expect(golden["verifies"] == ["yes"], "\(name)")
            let (facts, problems) = try await examine(bytes)
            #expect(problems == [], "\(name)")
            #expect(facts.signers == golden["signer"], "\(name)")
            #expect(facts.package == golden["package"]?.first, "\(name)")
            if name == "large-v1" {
                let source = BytesSource(bytes)
                #expect(try await AndroidPackage.verifyJAR(source) == [])
                #expect(source.reads.allSatisfy { $0.count <= 1 << 20 })
                // Each block once, and the file's end and META-INF beside them.
                #expect(source.reads.reduce(0) { $0 + $1.count } < bytes.count + 1 << 20)
            }
            for position in [1 << 20, 2 << 20, (3 << 20) + 100] {
                var flipped = bytes
                flipped[position] ^= 1
                let kinds = Set(try await examine(flipped).problems.map(\.kind))
                #expect(kinds == [.badDigest], "\(name), byte \(position)")
            }
        }
    }
}

enum Oracle {
    static let isInstalled = run(
        "for tool in aapt apksigner zipalign keytool python3; do command -v $tool || exit 1; done;"
            + " test -e /usr/share/android-framework-res/framework-res.apk")

    /// Whether a command of the shell succeeds; it says nothing unless it fails.
    @discardableResult
    static func run(_ command: String) -> Bool {
        unsafe system("{ \(command); } >/dev/null") == 0
    }
}
