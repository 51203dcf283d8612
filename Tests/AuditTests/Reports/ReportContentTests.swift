import ObjectModel
import TestSupport
import Testing

@testable import Audit

@Suite("What reports say")
struct ReportContentTests {
    init() { Spelling.use() }

    private func text(_ known: ReportCase, _ format: ReportFormat) throws -> String {
        String(decoding: try known.report(format), as: UTF8.self)
    }

    // MARK: The contract of JSON lines

    @Test("JSON lines begin with the fields that were promised, in their order")
    func contract() throws {
        let lines =
            try text(.packages, .json).split(separator: "\n") + text(.everyFinding, .json).split(separator: "\n")
        func line(_ type: String) throws -> Substring {
            try #require(lines.first { $0.hasPrefix("{\"type\":\"\(type)\"") })
        }
        let apk = try line("apk")
        #expect(
            apk.hasPrefix(
                #"{"type":"apk","place":"main/apks","key":"apks/example-2.0.6.apk","package":"com.example.app","#
                    + #""versionName":"2.0.6","versionCode":48,"signers":["1a2b3c4d"#))
        #expect(apk.contains(#""],"schemes":["v2","v3"],"intact":true,"#))
        #expect(
            try line("summary").hasPrefix(
                #"{"type":"summary","status":"different","compared":10037,"identical":10037,"differs":0,"missing":0,"#
                    + #""extra":0,"unverifiable":0,"errors":0,"bytesRead":0,"seconds":1.234,"#))
        let missing = try #require(lines.first { $0.contains(#""state":"missing""#) })
        #expect(
            missing
                == #"{"type":"finding","key":"apks/missing.apk","state":"missing","reason":"missing","places":{"#
                + #""main/apks":{"size":5,"etag":"5d41402abc4b2a76b9719d911017c592","lastModified":"2026-11-20T10:11:12.000Z"},"#
                + #""standby/apks":{"size":5,"etag":"5d41402abc4b2a76b9719d911017c592","lastModified":"2026-11-20T10:11:12.000Z"},"#
                + #""third/apks":null},"on":["third/apks"],"detail":"third/apks lacks it."}"#)
    }

    @Test("JSON and CSV are written as events come, the others at the end", arguments: ReportFormat.allCases)
    func whenWritten(_ format: ReportFormat) throws {
        let out = ReportCase.Collected()
        let writer = format.writer(ReportCase.everyFinding.context) { bytes in out.bytes.append(contentsOf: bytes) }
        try writer.take(ReportCase.everyFinding.events[0])
        #expect(out.bytes.isEmpty == (format != .json && format != .csv))
        try writer.finish()
        #expect(!out.bytes.isEmpty)
    }

    @Test("What the sink throws reaches the caller", arguments: ReportFormat.allCases)
    func failingSink(_ format: ReportFormat) throws {
        struct Full: Error {}
        #expect(throws: Full.self) {
            let writer = format.writer(ReportCase.everyFinding.context) { _ in throw Full() }
            for event in ReportCase.everyFinding.events { try writer.take(event) }
            try writer.finish()
        }
    }

    @Test("Keys that are identical are told only where all are asked for", arguments: ReportFormat.allCases)
    func identicalKeys(_ format: ReportFormat) throws {
        var known = ReportCase.shownInFull
        let holdsAll = try text(known, format).contains("apks/z.apk")
        #expect(holdsAll == (format != .prometheus))
        known.context.showsIdentical = false
        #expect(try !text(known, format).contains("apks/z.apk"))
    }

    @Test("Only text for a terminal has colours, and they are all that distinguishes it")
    func colours() throws {
        var known = ReportCase.everyFinding
        let plain = try text(known, .text)
        known.context.isColored = true
        let colored = try text(known, .text)
        #expect(!plain.contains("\u{1B}") && colored.contains("\u{1B}[31m"))
        #expect(colored.replacing(/\u{1B}\[[0-9]+m/, with: "") == plain)
    }

    @Test("Text keeps to the width of a terminal, but for keys and digests", arguments: [40, 64, 80, 120])
    func width(_ width: Int) throws {
        var known = ReportCase.unreachable
        known.context.width = width
        for line in try text(known, .text).split(separator: "\n")
        where line.contains(" ") && !line.contains("example.com") {
            #expect(line.count <= max(width, 60), "\(line)")
        }
    }

    // MARK: The page

    private static func many(_ count: Int, _ state: Finding.State, _ prefix: String) -> [AuditEvent] {
        (0..<count).map { number in
            ReportCase.finding(
                ObjectKey("\(prefix)\(number)"), state, nil, [("main/apks", nil), ("standby/apks", nil)], on: [1], "")
        }
    }

    private func rows(_ page: String) -> Int { page.split(separator: "<tr data-state=").count - 1 }

    @Test("The page holds 5,000 findings and says how many more there are")
    func limit() throws {
        let events = Self.many(6_234, .missing, "k")
        let known = ReportCase(
            name: "", context: ReportCase.context(ReportCase.pair),
            events: events + [ReportCase.summary(ReportCase.pair, events)])
        let page = try text(known, .html)
        #expect(rows(page) == 5_000)
        #expect(page.contains("1,234 more findings not shown here; a report with --format json has all of them."))
        #expect(page.contains("− missing (5,000)"))
        #expect(try rows(text(.everyFinding, .html)) == 7)
        #expect(try !text(.everyFinding, .html).contains("not shown here"))
    }

    @Test("Keys that are identical never take the room of those that are not")
    func limitWithAll() throws {
        let events = Self.many(9_000, .identical, "a") + Self.many(10, .differs, "b") + Self.many(9_000, .missing, "c")
        let known = ReportCase(
            name: "", context: ReportCase.context(ReportCase.pair, showsIdentical: true), events: events)
        let page = try text(known, .html)
        #expect(rows(page) == 5_000)
        #expect(page.contains(">b9<") && page.contains(">c0<"))
        #expect(page.contains("13,010 more findings not shown here"))
    }

    // MARK: Words

    @Test(
        "The first sentence is the answer",
        arguments: [
            ([:], "The places are identical."),
            (["differs": 1, "extra": 2], "The places differ: 3 of 10,037 keys."),
            (
                ["missing": 1, "unverifiable": 2, "problems": 1],
                "The places differ: 1 of 10,037 keys; 2 could not be verified; the packages have 1 problem."
            ),
            (["problems": 2], "The packages have 2 problems; no key differs."),
            (["unverifiable": 1], "The places are not proven identical: 1 of 10,037 keys could not be verified."),
            (
                ["errors": 1, "missing": 1],
                "The audit is incomplete: 1 key could not be looked at. Of what was compared, 1 of 10,037 keys differs."
            ),
            (
                ["unread": 2, "interrupted": 1],
                "The audit is incomplete: it was interrupted, main/apks and standby/apks could not be read to the end. "
                    + "Of what was compared, no key differs."
            ),
            (["empty": 1], "The places are identical: no key is in scope on any of them."),
            (
                ["empty": 1, "unread": 1],
                "The audit is incomplete: main/apks could not be read to the end. Nothing was compared."
            ),
        ] as [([String: Int], String)])
    func verdict(_ counts: [String: Int], _ sentence: String) {
        var summary = AuditSummary()
        summary.compared = counts["empty"] == nil ? 10_037 : 0
        summary.differs = counts["differs"] ?? 0
        summary.missing = counts["missing"] ?? 0
        summary.extra = counts["extra"] ?? 0
        summary.unverifiable = counts["unverifiable"] ?? 0
        summary.errors = counts["errors"] ?? 0
        summary.packageProblems = counts["problems"] ?? 0
        summary.isInterrupted = counts["interrupted"] != nil
        summary.places = ReportCase.three.map { AuditSummary.Place(name: $0) }
        for index in 0..<(counts["unread"] ?? 0) { summary.places[index].error = "It is gone." }
        summary.status = summary.concluded
        #expect(ReportWords.sentence(summary) == sentence)
    }

    @Test(
        "Lengths of time",
        arguments: [
            (0.004, "0.00 s"), (9.994, "9.99 s"), (9.996, "10.0 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"),
            (187.2, "3 min 7 s"), (3599.6, "1 h 0 min"), (90_061, "25 h 1 min"), (-1, "an unknown time"),
        ] as [(Double, String)])
    func duration(_ seconds: Double, _ words: String) {
        #expect(ReportWords.duration(seconds) == words)
    }

    @Test(
        "Places of one name are told apart",
        arguments: [
            (["a", "b"], ["a", "b"]), (["a", "a", "a"], ["a", "a#2", "a#3"]),
            (["a", "a#2", "a"], ["a", "a#2", "a#3"]),
        ] as [([String], [String])])
    func labels(_ names: [String], _ labels: [String]) {
        #expect(PlaceLabels(names).all == labels)
        #expect(PlaceLabels(names).labels(names) == labels)
    }
}
