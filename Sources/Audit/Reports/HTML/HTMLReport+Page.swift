import ObjectModel
import Runtime

extension HTMLReport {
    /// Up to and with the answer.
    func opening(_ summary: AuditSummary?) -> String {
        let status = summary?.status ?? .incomplete
        let sentences =
            summary.map(ReportWords.sentences)
            ?? ["The audit ended before its summary.", "What it found until then follows."]
        var text = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(HTMLStyle.policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <meta name="robots" content="noindex">
            <meta name="generator" content="minio-sync \(Markup.text(context.version))">
            <title>Audit: \(status.rawValue)</title>
            <style>\(HTMLStyle.sheet)</style>
            </head>
            <body>
            <main>
            <header class="verdict \(status.ground)">
            <span class="mark" aria-hidden="true">\(status.glyph)</span>
            <div>
            <h1>\(Markup.text(sentences[0]))</h1>

            """
        for sentence in sentences.dropFirst() { text += "<p>\(Markup.text(sentence))</p>\n" }
        if let summary {
            text += "<p class=\"soft\">\(ReportWords.moment(summary.start)), "
            text += "<span class=\"whole\">\(ReportWords.duration(summary.seconds))</span>"
            text += "; \(Markup.text(ReportWords.list(labels.all.map { Visible.text($0) })))</p>\n"
        }
        return text + "</div>\n</header>\n"
    }

    func counts(_ summary: AuditSummary) -> String {
        var items = Finding.State.allCases.map { state in
            Self.item(summary.count(of: state), state == .error ? "errors" : state.rawValue, state.ground)
        }
        let problems = summary.packageProblems
        if problems > 0 {
            items.append(Self.item(problems, problems == 1 ? "APK problem" : "APK problems", "bad"))
        } else if summary.apks > 0 {
            items.append(Self.item(summary.packages, summary.packages == 1 ? "package" : "packages", "good"))
        }
        return "<ul class=\"counts\" aria-label=\"Keys by what was found\">\n\(items.joined())</ul>\n"
    }

    private static func item(_ count: Int, _ name: String, _ ground: String) -> String {
        "<li\(count == 0 ? " class=\"zero\"" : "")><b class=\"\(ground)\">\(ReportWords.number(count))</b>"
            + "<span>\(name)</span></li>\n"
    }

    func places(_ summary: AuditSummary) -> String {
        var text =
            "<h2>Places</h2>\n"
            + Self.table("places", ["Place", "Objects", "Size", "Listing"], caption: "Places", numbers: [1, 2])
        let labels = labels.labels(summary.places.map(\.name))
        for (index, place) in summary.places.enumerated() {
            let reference = index == summary.reference ? " <span class=\"soft\">(reference)</span>" : ""
            let listing =
                place.error.map { "<span class=\"chip bad\">! not read to its end</span><p>\(Markup.text($0))</p>" }
                ?? "<span class=\"chip good\">✓ read to its end</span>"
            text += """
                <tr role="row"><th scope="row" role="rowheader">\(Markup.text(labels[index]))\(reference)</th>\
                <td role="cell" class="number" data-label="Objects">\(place.isUnknown ? "–" : ReportWords.number(place.objects))</td>\
                <td role="cell" class="number" data-label="Size">\(place.isUnknown || !place.hasSizes ? "–" : ByteSize.format(place.bytes))</td><td role="cell">\(listing)</td></tr>

                """
        }
        return text + "</tbody></table></div>\n"
    }

    /// The form that narrows the findings down; hidden where no script runs.
    func filter(_ shown: [Finding.State: Int]) -> String {
        var text = """
            <form class="filter" id="filter" role="search" hidden>
            <input type="search" aria-label="Show findings that contain" placeholder="Key, reason or place" \
            autocomplete="off" spellcheck="false">

            """
        for state in Finding.State.allCases {
            guard let count = shown[state], count > 0 else { continue }
            text += "<label><input type=\"checkbox\" value=\"\(state.rawValue)\" checked> "
            text += "\(state.glyph) \(state.rawValue) (\(ReportWords.number(count)))</label>\n"
        }
        return text + "<span class=\"soft\" id=\"shown\" role=\"status\"></span>\n</form>\n"
    }

    /// Says what the page leaves out; empty if nothing.
    func more(_ count: Int, _ shown: Int, _ noun: String) -> String {
        guard count > shown else { return "" }
        return "<p class=\"note\">\(ReportWords.counted(count - shown, "more \(noun)")) not shown here; "
            + "a report with \(ProgramWords.jsonReport.spelled) has all of them.</p>\n"
    }

    func closing(_ summary: AuditSummary?) -> String {
        let foot = summary.map { TextReport.foot($0, context) } ?? "minio-sync \(context.version)."
        return """
            </main>
            <footer>\(Markup.text(foot))</footer>
            <script>\(HTMLStyle.script)</script>
            </body>
            </html>

            """
    }

    /// A table up to the beginning of its body. The roles say again what the elements are: on a narrow screen they are
    /// laid out as blocks, and then some readers no longer tell of a table.
    static func table(
        _ name: String, _ columns: [String], caption: String, numbers: Set<Int> = [], like style: String? = nil
    ) -> String {
        let heads = columns.enumerated().map { index, column in
            "<th scope=\"col\" role=\"columnheader\"\(numbers.contains(index) ? " class=\"number\"" : "")>\(Markup.escaped(column))</th>"
        }.joined()
        return """
            <div class="card"><table id="\(name)" class="\(style ?? name)" role="table">
            <caption class="away">\(Markup.escaped(caption))</caption>
            <thead role="rowgroup"><tr role="row">\(heads)</tr></thead><tbody role="rowgroup">

            """
    }
}

extension AuditSummary.Status {
    /// Which of the page's colours go with it.
    var ground: String {
        switch self {
        case .identical: "good"
        case .different, .incomplete: "bad"
        case .unverifiable: "doubt"
        }
    }

    var glyph: String {
        switch self {
        case .identical: "✓"
        case .different: "≠"
        case .unverifiable: "?"
        case .incomplete: "!"
        }
    }
}

extension Finding.State {
    var ground: String {
        switch self {
        case .identical: "good"
        case .differs, .missing, .error: "bad"
        case .extra: "other"
        case .unverifiable: "doubt"
        }
    }

    var glyph: String {
        switch self {
        case .identical: "="
        case .differs: "≠"
        case .missing: "−"
        case .extra: "+"
        case .unverifiable: "?"
        case .error: "!"
        }
    }
}
