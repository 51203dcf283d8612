import Testing

@testable import AndroidPackage

@Suite("Real packages")
struct GoldenTests {
    /// Each package, what there is to say against it, and how deep one has to look for that.
    static let packages: [(name: String, kinds: [PackageProblem.Kind])] = [
        ("unsigned", [.unsigned]),
        ("v1", []),
        ("v1-two-signers", []),
        ("v1-dsa", []),
        ("v1-sha1", []),
        ("v2", []),
        ("v2-only", [.unsupported]),
        ("v2-sha512", [.unsupported]),
        ("v2-dsa", [.unsupported]),
        ("verity", [.unsupported]),
        ("v2-only-24", []),
        ("v3-only-24", [.unsupported]),
        ("v3-only-28", []),
        ("v3", []),
        ("two-signers", []),
        ("rotated", []),
        ("v31", [.unsupported]),
        ("string-version", []),
        ("string-version-lost", []),
        ("version-code-major", []),
        ("utf16", []),
        ("codename", []),
        ("target-30", [.unsupported]),
        ("zip64", [.unsupported, .unsigned]),
        ("two-manifests", [.brokenZip, .unsigned]),
        ("flipped-contents", [.badDigest]),
        ("flipped-block", [.badSignature]),
        ("flipped-directory", [.badDigest]),
        ("stripped-block", [.downgrade]),
        ("stripped-v3", [.downgrade]),
        ("other-key", [.badSignature, .unsupported]),
        ("v1-changed-file", [.badDigest]),
        ("v1-added-file", [.badDigest]),
        ("v1-lost-file", [.badDigest]),
        ("v1-changed-main", []),
        ("v1-changed-section", [.badSignature]),
    ]

    @Test("a package is what aapt and apksigner say it is", arguments: packages.map(\.name))
    func golden(_ name: String) async throws {
        let (facts, problems) = try await examine(Fixture.package(name))
        try compare(facts, problems, Fixture.golden(name), name)
    }

    /// What the tools can't say is not compared: they refuse ZIP64 and two entries of one name, stop at a resource that is
    /// lost, and don't know v3.1.
    func compare(
        _ facts: PackageFacts, _ problems: [PackageProblem], _ golden: [String: [String]], _ name: String
    ) throws {
        if golden["package"] != nil {
            #expect(facts.package == golden["package"]?.first)
            let major = try #require(Int64(golden["versionCodeMajor"]?.first ?? "0"))
            let code = try #require(golden["versionCode"]?.first.flatMap { Int64($0) })
            #expect(facts.versionCode == major << 32 | code)
            #expect(facts.versionName ?? "" == golden["versionName"]?.first ?? "")
            if name != "string-version-lost" {
                #expect((facts.minSDK.map(String.init) ?? facts.minSDKCodename) == golden["sdkVersion"]?.first)
                #expect(
                    (facts.targetSDK.map(String.init) ?? facts.targetSDKCodename) == golden["targetSdkVersion"]?.first)
            }
        } else {
            #expect(["zip64", "two-manifests"].contains(name))
        }
        #expect(problems.isEmpty == (golden["verifies"] == ["yes"]), "\(problems)")
        if golden["signer"] != nil, name != "v31" {
            #expect(facts.signers == golden["signer"])
            #expect(facts.schemes.last?.rawValue == golden["scheme"]?.last)
            #expect(facts.lineage == (golden["lineage"] ?? []).dropLast())
        }
    }

    @Test("nothing is said against a package but what is wrong with it", arguments: packages)
    func problems(_ name: String, _ kinds: [PackageProblem.Kind]) async throws {
        let (_, problems) = try await examine(Fixture.package(name))
        var found: [PackageProblem.Kind] = []
        for problem in problems where !found.contains(problem.kind) { found.append(problem.kind) }
        #expect(found == kinds, "\(problems)")
    }

    @Test(
        "signatures that the oldest versions of Android do not know are not enough",
        arguments: [
            (1, [.v2], "v1"), (23, [.v2, .v3], "v1"), (24, [.v2], nil), (24, [.v3], "v2"), (27, [.v3, .v31], "v2"),
            (28, [.v3], nil), (1, [.v1], nil), (1, [.v1, .v3], nil), (1, [], nil), (nil, [.v3], nil),
        ] as [(Int?, [SignatureScheme], String?)])
    func oldVersions(_ oldest: Int?, _ schemes: [SignatureScheme], _ needed: String?) {
        var facts = PackageFacts(package: "com.example.app", schemes: schemes)
        facts.oldestSDK = oldest
        let problem = facts.unsupportedBySomeVersions
        #expect(problem?.kind == needed.map { _ in .unsupported })
        #expect(problem?.description.hasPrefix("It needs a \(needed ?? "") ") ?? true)
        #expect(problem?.description.hasSuffix("because it gives no minSdkVersion.") ?? true)
    }

    @Test("what gives no oldest version of Android is for all of them")
    func noOldestVersion() async throws {
        let (facts, _) = try await examine(HandmadeManifest().zip)
        #expect(facts.minSDK == nil)
        #expect(facts.oldestSDK == 1)
        #expect(try await AndroidPackage.facts(of: BytesSource(Fixture.package("codename"))).oldestSDK == nil)
    }

    @Test(
        "what has no directory is no package",
        arguments: [("truncated", PackageProblem.Kind.truncated), ("flipped-end", .brokenZip)])
    func noPackage(_ name: String, _ kind: PackageProblem.Kind) async throws {
        let bytes = try Fixture.package(name)
        let error = await #expect(throws: PackageError.self) { try await AndroidPackage.facts(of: BytesSource(bytes)) }
        #expect(error?.problem.kind == kind)
        #expect(try Fixture.golden(name)["verifies"] == ["no"])
    }

    @Test("a small package takes one read")
    func oneRead() async throws {
        let source = BytesSource(try Fixture.package("rotated"))
        _ = try await AndroidPackage.facts(of: source)
        #expect(source.reads == [0..<source.size])
    }
}
