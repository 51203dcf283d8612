import AndroidPackage
import ObjectModel
import Runtime

/// A table for spreadsheets by RFC 4180: a header, then a row an event, CRLF after each.
///
/// Size and ETag that are empty mean that the key is absent there, or that the place was not reached; the rows of the
/// type `place` say which, at the end. A manifest has no sizes, and its digests for ETags. Cells never hold line breaks
/// or what cannot be seen: it shows as U+FFFD, and then, as for bytes that are not UTF-8, `key_hex` has the key's bytes.
///
/// Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula and run it. Such a cell of text has a `'`
/// before it, and so has one that begins with `'`: without a leading `'` it is the text again.
final class CSVReport: ReportWriter {
    private let context: ReportContext
    private let labels: PlaceLabels
    private let sink: (borrowing [UInt8]) throws -> Void
    private var hasHeader = false

    init(_ context: ReportContext, sink: @escaping (borrowing [UInt8]) throws -> Void) {
        self.context = context
        self.sink = sink
        labels = PlaceLabels(context.places)
    }

    func take(_ event: AuditEvent) throws {
        switch event {
        case .finding(let finding):
            guard context.showsIdentical || finding.state != .identical else { return }
            try put(row(finding))
        case .package(let entry): try put(row(entry))
        case .packages(let finding): try put(row(finding))
        case .repair(let command): try put(Row(type: "repair", detail: command))
        case .notice(let text): try put(Row(type: "notice", detail: text))
        case .summary(let summary): for row in rows(summary) { try put(row) }
        }
    }

    func finish() throws {
        try putHeader()
    }

    /// One row; what is not set stays empty.
    private struct Row {
        var type: String
        var key = ""
        var state = ""
        var reason = ""
        /// Size and ETag by the place's index.
        var places: [Int: (size: String, etag: String)] = [:]
        var detail = ""
        var on = ""
        var keyHex = ""

        init(type: String, detail: String = "") {
            self.type = type
            self.detail = detail
        }
    }

    private func row(_ finding: Finding) -> Row {
        var row = Row(type: "finding", detail: finding.detail)
        (row.key, row.keyHex) = Self.key(finding.key)
        row.state = finding.state.rawValue
        row.reason = finding.reason?.rawValue ?? ""
        let names = finding.places.map(\.name)
        for (index, place) in zip(labels.indices(names), finding.places) {
            guard let index, let object = place.object else { continue }
            let etag = object.isManifestLine ? object.md5 ?? object.sha256 ?? "" : object.etag.text
            row.places[index] = (object.size.map { "\($0)" } ?? "", etag)
        }
        row.on = zip(labels.labels(names), finding.places).filter { $1.isAtFault }.map { label, _ in label }
            .joined(separator: "; ")
        return row
    }

    private func row(_ entry: PackageEntry) -> Row {
        var row = Row(type: "apk")
        (row.key, row.keyHex) = Self.key(entry.key)
        row.state = entry.isIntact ? "intact" : "problem"
        row.on = labels.label(entry.place)
        var parts: [String] = []
        if let facts = entry.facts {
            parts.append(ReportWords.release(facts))
            parts.append("signed: \(facts.schemes.map(\.rawValue).joined(separator: " "))")
            parts.append("signers: \(facts.signers.joined(separator: " "))")
        }
        row.detail = (parts + entry.problems).joined(separator: "; ")
        return row
    }

    private func row(_ finding: PackageFinding) -> Row {
        var row = Row(type: "package")
        row.key = finding.package
        row.state = ReportWords.isGood(finding) ? "agree" : "problem"
        let labels = labels.labels(finding.newest.map(\.place))
        var parts = zip(labels, finding.newest).map { label, place in "\(label): \(place.version ?? "none")" }
        if let expected = finding.expected { parts.append("expected: \(expected)") }
        row.detail = (parts + finding.problems).joined(separator: "; ")
        return row
    }

    private func rows(_ summary: AuditSummary) -> [Row] {
        let labels = labels.labels(summary.places.map(\.name))
        var rows = zip(labels, summary.places).map { label, place in
            var row = Row(type: "place", detail: Self.detail(place))
            row.key = label
            row.state = place.error == nil ? "read" : "error"
            return row
        }
        var row = Row(type: "summary", detail: ReportWords.sentence(summary))
        row.state = summary.status.rawValue
        rows.append(row)
        return rows
    }

    private static func detail(_ place: AuditSummary.Place) -> String {
        if let error = place.error { return error }
        return place.hasSizes ? "\(place.objects) objects, \(place.bytes) bytes" : "\(place.objects) objects"
    }

    // MARK: Cells

    private func putHeader() throws {
        guard !hasHeader else { return }
        hasHeader = true
        var cells = ["type", "key", "state", "reason"]
        for label in labels.all { cells += ["\(label) size", "\(label) etag"] }
        try put(cells + ["detail", "on", "key_hex"])
    }

    private func put(_ row: Row) throws {
        try putHeader()
        var cells = [row.type, row.key, row.state, row.reason]
        for index in labels.all.indices {
            let place = row.places[index]
            cells += [place?.size ?? "", place?.etag ?? ""]
        }
        try put(cells + [row.detail, row.on, row.keyHex])
    }

    private func put(_ cells: [String]) throws {
        try sink(Array((cells.map(Self.cell).joined(separator: ",") + "\r\n").utf8))
    }

    private static func cell(_ text: String) -> String {
        var text = Visible.escaped(text, backslash: "\\") { _ in "\u{FFFD}" }
        // The full-width forms are taken for formulas too, by spreadsheets in some languages.
        if let first = text.unicodeScalars.first, "=+-@'\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(first)
        {
            text = "'" + text
        }
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C }) || text.first == " " || text.last == " " else {
            return text
        }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// A key's text, and its bytes in hexadecimal where that text is not all of it.
    private static func key(_ key: ObjectKey) -> (text: String, hexadecimal: String) {
        let text = key.description
        let isWhole = key.hexadecimalIfNotUTF8 == nil && text.unicodeScalars.allSatisfy(Visible.isVisible)
        return (text, isWhole ? "" : hexadecimal(key.bytes))
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
