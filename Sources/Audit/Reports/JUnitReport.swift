import ObjectModel
import Runtime

/// Test results in the XML that continuous integration takes from JUnit: a suite each for places, keys and packages.
///
/// A place is a test that its listing was read to its end, a package that all is well with it on all places, an APK that
/// it is intact. Keys that are identical are tests only where all are asked for. What keeps the audit from an answer is
/// an `error`, what is not as it should be a `failure`.
final class JUnitReport: ReportWriter {
    private let context: ReportContext
    private let labels: PlaceLabels
    private let sink: (borrowing [UInt8]) throws -> Void
    private var places = Suite(name: "places")
    private var keys = Suite(name: "keys")
    private var packages = Suite(name: "packages")
    private var remarks = Spool()
    private var summary: AuditSummary?

    /// The test cases of one suite as text, and how many there are.
    private struct Suite {
        let name: String
        let cases = Spool()
        var tests = 0
        var failures = 0
        var errors = 0
    }

    private enum Outcome {
        case passed
        case failure(type: String, message: String, text: String)
        case error(type: String, message: String, text: String)
    }

    init(_ context: ReportContext, sink: @escaping (borrowing [UInt8]) throws -> Void) {
        self.context = context
        self.sink = sink
        labels = PlaceLabels(context.places)
    }

    func take(_ event: AuditEvent) throws {
        switch event {
        case .finding(let finding):
            guard context.showsIdentical || finding.state != .identical else { return }
            try add(finding)
        case .package(let entry):
            let text = entry.problems.joined(separator: "\n")
            try Self.add(
                to: &packages, classname: "apks.\(labels.label(entry.place))", name: Visible.key(entry.key),
                entry.problems.first.map { .failure(type: "apk", message: $0, text: text) } ?? .passed)
        case .packages(let finding): try add(finding)
        case .repair(let command): try remarks.append(Markup.text(command) + "\n")
        case .notice(let text): try remarks.append(Markup.text(text) + "\n")
        case .summary(let summary): self.summary = summary
        }
    }

    private func add(_ finding: Finding) throws {
        var lines = [finding.detail]
        for (label, place) in zip(labels.labels(finding.places.map(\.name)), finding.places) {
            lines.append("\(label): \(place.object.map(Self.facts) ?? "absent")\(place.isAtFault ? " (at fault)" : "")")
        }
        let text = lines.joined(separator: "\n")
        let type = [finding.state.rawValue, finding.reason?.rawValue ?? ""].filter { !$0.isEmpty }.joined(
            separator: ".")
        let outcome: Outcome =
            switch finding.state {
            case .identical: .passed
            case .error: .error(type: type, message: finding.detail, text: text)
            default: .failure(type: type, message: finding.detail, text: text)
            }
        try Self.add(to: &keys, classname: "keys", name: Visible.key(finding.key), outcome)
    }

    private static func facts(_ object: ObjectFacts) -> String {
        var facts = object.size.map { ["\($0) bytes"] } ?? []
        if !object.isManifestLine { facts.append("ETag \(object.etag.isAbsent ? "none" : object.etag.text)") }
        if let md5 = object.md5 { facts.append("MD5 \(md5)") }
        if let sha256 = object.sha256 { facts.append("SHA-256 \(sha256)") }
        return facts.joined(separator: ", ")
    }

    private func add(_ finding: PackageFinding) throws {
        var lines = finding.problems
        if let expected = finding.expected { lines.append("expected: \(expected)") }
        for (label, place) in zip(labels.labels(finding.newest.map(\.place)), finding.newest) {
            lines.append("\(label): \(place.version ?? "none")")
        }
        let message =
            finding.problems.first ?? "The newest versions are not all alike, or not the expected one."
        let outcome: Outcome =
            ReportWords.isGood(finding)
            ? .passed : .failure(type: "package", message: message, text: lines.joined(separator: "\n"))
        try Self.add(to: &packages, classname: "packages", name: Visible.text(finding.package), outcome)
    }

    func finish() throws {
        try addPlaces()
        let suites = [places, keys, packages]
        let time = Decimals.format(summary?.seconds ?? 0, 3)
        let stamp = summary.map { " timestamp=\"\($0.start.iso8601.prefix(19))\"" } ?? ""
        func counts(_ suites: [Suite]) -> String {
            "tests=\"\(suites.reduce(0) { $0 + $1.tests })\" failures=\"\(suites.reduce(0) { $0 + $1.failures })\" "
                + "errors=\"\(suites.reduce(0) { $0 + $1.errors })\""
        }
        try put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        try put("<testsuites name=\"minio-sync audit\" \(counts(suites)) time=\"\(time)\">\n")
        for suite in suites {
            // The time is the whole audit's, told once: tools add suites up.
            let seconds = suite.name == "places" ? time : "0.000"
            try put(
                "  <testsuite name=\"\(suite.name)\" \(counts([suite])) skipped=\"0\" time=\"\(seconds)\"\(stamp)>\n")
            try suite.cases.replay(sink)
            if suite.name == "places" {
                try put("    <system-out>")
                if let summary { try put(Markup.text(ReportWords.sentence(summary)) + "\n") }
                try remarks.replay(sink)
                try put("</system-out>\n")
            }
            try put("  </testsuite>\n")
        }
        try put("</testsuites>\n")
    }

    private func addPlaces() throws {
        guard let summary else {
            let message = "The audit ended before its summary."
            return try Self.add(
                to: &places, classname: "places", name: "audit", .error(type: "incomplete", message: message, text: ""))
        }
        for (label, place) in zip(labels.labels(summary.places.map(\.name)), summary.places) {
            try Self.add(
                to: &places, classname: "places", name: "\(Visible.text(label)): listing read to its end",
                place.error.map { .error(type: "unread", message: $0, text: "") } ?? .passed)
        }
        if summary.isAboutNothing {
            try Self.add(
                to: &places, classname: "places", name: "audit",
                .error(type: "empty", message: ReportWords.nothingCompared, text: ""))
        }
        if summary.isInterrupted {
            try Self.add(
                to: &places, classname: "places", name: "audit",
                .error(type: "interrupted", message: "The audit was interrupted.", text: ""))
        }
    }

    private func put(_ text: String) throws {
        try sink(Array(text.utf8))
    }

    private static func add(to suite: inout Suite, classname: String, name: String, _ outcome: Outcome) throws {
        suite.tests += 1
        var text = "    <testcase classname=\"\(Markup.text(classname))\" name=\"\(Markup.escaped(name))\" time=\"0\""
        func element(_ tag: String, _ type: String, _ message: String, _ details: String) -> String {
            let details = details.split(separator: "\n").map { Markup.text(String($0)) }.joined(separator: "\n")
            return ">\n      <\(tag) type=\"\(Markup.text(type))\" message=\"\(Markup.text(message))\">\(details)"
                + "</\(tag)>\n    </testcase>\n"
        }
        switch outcome {
        case .passed: text += "/>\n"
        case .failure(let type, let message, let details):
            suite.failures += 1
            text += element("failure", type, message, details)
        case .error(let type, let message, let details):
            suite.errors += 1
            text += element("error", type, message, details)
        }
        try suite.cases.append(text)
    }
}
