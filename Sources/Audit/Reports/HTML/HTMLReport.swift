import ObjectModel
import Runtime

/// One page that needs nothing besides itself: for a browser of any width, light or dark, and readable without script.
///
/// Keys and all other words come from servers and are hostile until escaped; the page's policy allows no script but its
/// own in any case.
final class HTMLReport: ReportWriter {
    /// Findings in the page; a browser has to hold them all.
    static let findingLimit = 5_000
    /// Of these, findings that are identical, so that they leave room for those that matter.
    static let identicalLimit = 1_000
    /// Packages, and APKs, in the page.
    static let packageLimit = 2_000

    let context: ReportContext
    let labels: PlaceLabels
    private let sink: (borrowing [UInt8]) throws -> Void
    private var summary: AuditSummary?
    private var findings = Rows()
    private var identical = 0
    private var packages = Rows()
    private var apks = Rows()
    private let notices = Spool()
    private let repairs = Spool()
    /// Shown findings of each state.
    private var shown: [Finding.State: Int] = [:]

    /// Rows of a table: those that are in the page, and how many there are in all.
    private struct Rows {
        let shown = Spool()
        var shownCount = 0
        var count = 0

        mutating func append(_ row: @autoclosure () -> String, limit: Int) throws {
            count += 1
            guard shownCount < limit else { return }
            shownCount += 1
            try shown.append(row())
        }
    }

    init(_ context: ReportContext, sink: @escaping (borrowing [UInt8]) throws -> Void) {
        self.context = context
        self.sink = sink
        labels = PlaceLabels(context.places)
    }

    func take(_ event: AuditEvent) throws {
        switch event {
        case .finding(let finding): try add(finding)
        case .package(let entry):
            guard context.showsIdentical || !entry.isIntact else { return }
            try apks.append(row(entry), limit: Self.packageLimit)
        case .packages(let finding): try packages.append(row(finding), limit: Self.packageLimit)
        case .repair(let command): try repairs.append("<pre>\(Markup.text(command))</pre>\n")
        case .notice(let text): try notices.append("<p class=\"note\">\(Markup.text(text))</p>\n")
        case .summary(let summary): self.summary = summary
        }
    }

    private func add(_ finding: Finding) throws {
        var limit = Self.findingLimit - (context.showsIdentical ? Self.identicalLimit - identical : 0)
        if finding.state == .identical {
            guard context.showsIdentical else { return }
            if identical < Self.identicalLimit { identical += 1 } else { limit = 0 }
        }
        let before = findings.shownCount
        try findings.append(row(finding), limit: limit)
        shown[finding.state, default: 0] += findings.shownCount - before
    }

    func finish() throws {
        try put(opening(summary))
        try notices.replay(sink)
        if let summary { try put(counts(summary) + places(summary)) }
        try putFindings()
        try putPackages()
        try putAPKs()
        if !repairs.isEmpty {
            try put("<h2>To mend it</h2>\n<div class=\"card\">\n")
            try repairs.replay(sink)
            try put("</div>\n")
        }
        try put(closing(summary))
    }

    private func putFindings() throws {
        guard findings.count > 0 else { return }
        try put("<section aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\">")
        try put(context.showsIdentical ? "Keys" : "What is not identical")
        try put("</h2>\n" + filter(shown))
        try put(more(findings.count, findings.shownCount, "finding"))
        try put(Self.table("findings", ["State", "Key", "Where"], caption: "Findings in the order of keys"))
        try findings.shown.replay(sink)
        try put("</tbody></table></div>\n</section>\n")
    }

    private func putPackages() throws {
        guard packages.count > 0 else { return }
        try put("<h2>Android packages</h2>\n" + more(packages.count, packages.shownCount, "package"))
        let columns = ["Package"] + labels.all.map { Visible.text($0) } + ["Result"]
        try put(Self.table("packages", columns, caption: "The newest version of each package on each place"))
        try packages.shown.replay(sink)
        try put("</tbody></table></div>\n")
    }

    private func putAPKs() throws {
        guard apks.count > 0 else { return }
        try put("<h2>\(context.showsIdentical ? "APKs" : "APKs with problems")</h2>\n")
        try put(more(apks.count, apks.shownCount, "APK"))
        try put(
            Self.table(
                "apks", ["State", "Key", "Where"], caption: "APKs and what is wrong with them", like: "findings"))
        try apks.shown.replay(sink)
        try put("</tbody></table></div>\n")
    }

    private func put(_ text: String) throws {
        try sink(Array(text.utf8))
    }
}
