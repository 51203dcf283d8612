import TestSupport
import Testing

@testable import Audit

@Suite("Reports of known audits")
struct ReportGoldenTests {
    init() { Spelling.use() }

    @Test("are byte for byte what they were", arguments: ReportCase.all, ReportFormat.allCases)
    func golden(_ known: ReportCase, _ format: ReportFormat) throws {
        let report = try known.report(format)
        if ReportFixtures.isRecording { try ReportFixtures.record(report, known.name, format) }
        let expected = try #require(TestFile.read(ReportFixtures.path(known.name, format)))
        let actual = lines(report)
        for (index, line) in lines(expected).enumerated() {
            guard index < actual.count, actual[index] == line else {
                Issue.record(
                    "line \(index + 1) is not \(line)\nbut \(index < actual.count ? actual[index] : "missing")")
                return
            }
        }
        #expect(report == expected)
    }

    private func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}
