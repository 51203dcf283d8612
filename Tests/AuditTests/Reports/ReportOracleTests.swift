import ObjectModel
import Runtime
import TestSupport
import Testing

@testable import Audit

@Suite("Reports as other programs read them")
struct ReportOracleTests {
    @Test(
        "Python's parsers get back each finding", .enabled(if: Oracle.isInstalled("python3")),
        arguments: ReportCase.all + [ReportCase.random(seed: 1), ReportCase.random(seed: 2)],
        [ReportFormat.json, .csv, .junit, .html, .text])
    func python(_ known: ReportCase, _ format: ReportFormat) throws {
        let folder = TemporaryFolder()
        let report = try folder.write(known.report(format), to: "report")
        let keys = folder.write(known.keys, to: "keys")
        let result = Oracle.run(
            ["python3", "\(ReportFixtures.folder)/check", format.rawValue, report, keys], input: report)
        #expect(result.code == 0, "\(result.words)")
    }

    @Test(
        "xmllint takes the test results", .enabled(if: Oracle.isInstalled("xmllint")),
        arguments: ReportCase.all + [ReportCase.random(seed: 3)])
    func xmllint(_ known: ReportCase) throws {
        let folder = TemporaryFolder()
        let report = try folder.write(known.report(.junit), to: "report.xml")
        let result = Oracle.run(["xmllint", "--noout", "--nonet", "-"], input: report)
        #expect(result.code == 0 && result.words.isEmpty, "\(result.words)")
    }

    @Test(
        "promtool takes the metrics, and finds nothing to better in them", .enabled(if: Oracle.isInstalled("promtool")),
        arguments: ReportCase.all + [ReportCase.random(seed: 4)])
    func promtool(_ known: ReportCase) throws {
        let folder = TemporaryFolder()
        let report = try folder.write(known.report(.prometheus), to: "report.prom")
        let result = Oracle.run(["promtool", "check", "metrics"], input: report)
        #expect(result.code == 0 && result.words.isEmpty, "\(result.words)")
    }
}

extension ReportCase {
    /// A line a finding that is shown: its state, and the key in hexadecimal.
    var keys: String {
        var text = ""
        for case .finding(let finding) in events where context.showsIdentical || finding.state != .identical {
            let digits = finding.key.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            text += "\(finding.state.rawValue) \(digits)\n"
        }
        return text
    }

    /// Findings with keys and words of random bytes and of letters that mean something somewhere.
    static func random(seed: UInt64) -> ReportCase {
        var random = SeededGenerator(seed: seed)
        let spices = [
            "<", ">", "&", "\"", "'", "\\", "\\u{41}", "]]>", "<!--", "-->", "\u{202E}", "\u{0}", "\u{1B}[31m", "\n",
            "\r", ",",
            ";", "=", "+", "@", "\u{FEFF}", "\u{FFFF}", "e\u{301}", "\u{1F468}\u{200D}\u{1F469}", "&#65;", "</script>",
            "</style>", "</code>", "{", "}", " ", "\t", "\u{2028}", "\u{85}", "\u{AD}", "a", "b", "/", " (bytes \\x41)",
        ]
        func bytes() -> [UInt8] {
            (0..<Int.random(in: 1...12, using: &random)).flatMap { _ -> [UInt8] in
                Int.random(in: 0..<10, using: &random) == 0
                    ? [UInt8.random(in: 0...255, using: &random)] : Array(spices.randomElement(using: &random)!.utf8)
            }
        }
        func text() -> String { String(decoding: bytes(), as: UTF8.self) }
        let places = [text(), text(), "main"]
        var events: [AuditEvent] = (0..<300).map { _ in
            let state = Finding.State.allCases.randomElement(using: &random)!
            let objects = places.map { ($0, facts(.random(in: 0...9, using: &random), .opaque(text()))) }
            return finding(
                ObjectKey(bytes: bytes()), state, state == .identical ? nil : .etag, objects, on: [1], text())
        }
        events.append(summary(places, events))
        events += (0..<20).map { _ in .notice(text()) } + (0..<20).map { _ in .repair(text()) }
        for _ in 0..<20 {
            let key = ObjectKey(bytes: bytes())
            events.append(
                .package(PackageEntry(place: places[0], key: key, facts: nil, problems: [text()], isVerified: false)))
            events.append(
                .packages(
                    PackageFinding(
                        package: text(), newest: places.map { ($0, "\(text())+7") }, agrees: true, expected: text(),
                        problems: [text()])))
        }
        return ReportCase(
            name: "random \(seed)", context: context(places, showsIdentical: seed.isMultiple(of: 2)), events: events)
    }
}
