import ObjectModel
import Runtime

extension TextReport {
    /// The answer and its figures.
    func head(_ summary: AuditSummary) -> String {
        var text = ""
        for line in paragraph(ReportWords.sentence(summary), indent: "").split(separator: "\n") {
            text += style.bold(style.tone(String(line), summary.status.tone)) + "\n"
        }
        text += "\n" + places(summary) + "\n" + counts(summary)
        return text + "\n" + style.dim(paragraph(Self.foot(summary, context), indent: "").dropLastNewline) + "\n"
    }

    /// How it was found out: what was read, requests, time.
    static func foot(_ summary: AuditSummary, _ context: ReportContext) -> String {
        var clauses = [ReportWords.reading(summary).map { "Read \($0)" } ?? "Compared by listings"]
        if let requests = ReportWords.requests(summary) { clauses.append(requests) }
        return clauses.joined(separator: "; ")
            + "; \(ReportWords.duration(summary.seconds)) from \(ReportWords.moment(summary.start)); minio-sync \(context.version)."
    }

    private func places(_ summary: AuditSummary) -> String {
        let labels = labels.labels(summary.places.map(\.name))
        let names = zip(labels, summary.places.indices).map { label, index in
            Visible.text(label) + (index == summary.reference ? " (reference)" : "")
        }
        // Nothing came from a place that could not be reached, which is not the same as nothing is there.
        let objects = summary.places.map { $0.isUnknown ? "-" : ReportWords.number($0.objects) }
        let bytes = summary.places.map { $0.isUnknown || !$0.hasSizes ? "-" : ByteSize.format($0.bytes) }
        let widths = (
            name: max(12, names.map(\.count).max() ?? 0), objects: max(7, objects.map(\.count).max() ?? 0),
            bytes: max(8, bytes.map(\.count).max() ?? 0)
        )
        var text =
            style.dim(
                Self.padded("Place", widths.name) + Self.gap + Self.alignedRight("Objects", widths.objects) + Self.gap
                    + Self.alignedRight("Size", widths.bytes)) + "\n"
        for index in summary.places.indices {
            text +=
                Self.padded(names[index], widths.name) + Self.gap
                + Self.alignedRight(objects[index], widths.objects) + Self.gap
                + Self.alignedRight(bytes[index], widths.bytes) + "\n"
            if let error = summary.places[index].error {
                for line in paragraph("Not read to its end: \(Visible.text(error))", indent: Self.gap).split(
                    separator: "\n")
                {
                    text += style.tone(String(line), .bad) + "\n"
                }
            }
        }
        return text
    }

    private func counts(_ summary: AuditSummary) -> String {
        var rows = Finding.State.allCases.map { state in
            (
                name: state == .error ? "errors" : state.rawValue, count: summary.count(of: state), note: state.meaning,
                tone: state.tone
            )
        }
        if summary.apks > 0 || summary.packageProblems > 0 {
            let problems = summary.packageProblems
            rows.append(
                (
                    "packages", summary.packages,
                    "in \(ReportWords.counted(summary.apks, "APK")), "
                        + (problems == 0 ? "no problems" : ReportWords.counted(problems, "problem")),
                    problems == 0 ? .good : .bad
                ))
        }
        let width = rows.map { ReportWords.number($0.count).count }.max() ?? 0
        return rows.map { row in
            let isQuiet = row.count == 0 || row.tone == .good
            let name = Self.padded(row.name, Self.stateWidth)
            let count = Self.alignedRight(ReportWords.number(row.count), width)
            return (isQuiet ? name : style.tone(name, row.tone)) + Self.gap + count
                + (row.count == 0 ? "" : Self.gap + style.dim(row.note)) + "\n"
        }.joined()
    }
}

extension AuditSummary.Place {
    /// Whether nothing is known of what is there.
    var isUnknown: Bool { error != nil && objects == 0 }
}

extension StringProtocol {
    /// Without the line feed at its end.
    var dropLastNewline: String { hasSuffix("\n") ? String(dropLast()) : String(self) }
}
