import AndroidPackage
import ObjectModel
import Runtime

@testable import Audit

extension ReportCase {
    /// APKs: one package that is all right, one behind on a place, one with another signer, and damaged files.
    static let packages: ReportCase = {
        let release = String(repeating: "1a2b3c4d", count: 8)
        let other = String(repeating: "99887766", count: 8)
        let entries: [AuditEvent] =
            three.map { place in
                entry(place, "apks/example-2.0.6.apk", facts("com.example.app", "2.0.6", 48, signer: release))
            } + [
                entry("main/apks", "apks/tool-latest.apk", facts("com.example.tool", "1.10", 110, signer: release)),
                entry(
                    "standby/apks", "apks/tool-latest.apk", facts("com.example.tool", "1.9", 109, signer: other),
                    problems: ["The digest of its v2 signature is not that of its bytes."], isGenuine: false),
                entry(
                    "main/apks", "apks/old.apk", facts("com.example.tool", "1.8", 108, signer: release),
                    problems: ["For Android 30 it has to be signed with more than v1."], isGenuine: true),
                entry(
                    "main/apks", "apks/nameless.apk", PackageFacts(package: ""),
                    problems: ["The package is not signed."]),
                entry(
                    "third/apks", "apks/broken.apk", nil,
                    problems: ["It ends before its ZIP directory: it is truncated."]),
                entry("third/apks", "apks/unnamed.apk", unnamed),
            ]
        let packages: [AuditEvent] = [
            .packages(
                PackageFinding(
                    package: "com.example.app", newest: three.map { ($0, "2.0.6+48") }, agrees: true,
                    expected: "2.0.6+48",
                    problems: [])),
            .packages(
                PackageFinding(
                    package: "com.example.tool",
                    newest: [(three[0], "1.10+110"), (three[1], "1.9+109"), (three[2], nil)],
                    agrees: false, expected: nil,
                    problems: ["apks/tool-latest.apk has another signer on standby/apks than on main/apks."])),
            .packages(
                PackageFinding(
                    package: "com.example.unnamed",
                    newest: [(three[0], nil), (three[1], nil), (three[2], "@0x7f0b0001+4294967297")],
                    agrees: true, expected: "1.0+1", problems: [])),
        ]
        let end = summary(three, [], identical: 10_037) { summary in
            summary.packages = 3
            summary.apks = 11
            summary.packageProblems = 6
            summary.requests[.get] = 21
        }
        return ReportCase(name: "packages", context: context(three), events: entries + packages + [end])
    }()

    private static func entry(
        _ place: String, _ key: ObjectKey, _ facts: PackageFacts?, problems: [String] = [], isGenuine: Bool? = nil
    ) -> AuditEvent {
        .package(
            PackageEntry(
                place: place, key: key, facts: facts, problems: problems, isVerified: isGenuine != nil,
                isGenuine: isGenuine))
    }

    private static func facts(_ package: String, _ name: String, _ code: Int64, signer: String) -> PackageFacts {
        var facts = PackageFacts(package: package, versionCode: code)
        facts.versionName = name
        facts.minSDK = 24
        facts.targetSDK = 35
        facts.schemes = [.v2, .v3]
        facts.signers = [signer]
        facts.lineage = [String(repeating: "00112233", count: 8)]
        return facts
    }

    private static var unnamed: PackageFacts {
        var facts = PackageFacts(package: "com.example.unnamed", versionCode: 4_294_967_297)
        facts.versionNameReference = "@0x7f0b0001"
        return facts
    }
}
