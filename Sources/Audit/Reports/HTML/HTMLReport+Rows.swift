import AndroidPackage
import ObjectModel

extension HTMLReport {
    func row(_ finding: Finding) -> String {
        let labels = labels.labels(finding.places.map(\.name))
        let faulty = zip(labels, finding.places).filter { $1.isAtFault }.map { label, _ in Visible.text(label) }
        let state = finding.state
        var text =
            "<tr data-state=\"\(state.rawValue)\" role=\"row\"><td role=\"cell\"><span class=\"chip \(state.ground)\">"
        text += "\(state.glyph) \(state.rawValue)</span>"
        if let reason = finding.reason, reason.rawValue != state.rawValue {
            text += " <span class=\"reason\">\(reason.rawValue)</span>"
        }
        text += "</td><td role=\"cell\">\(Self.key(finding.key))"
        if !finding.detail.isEmpty { text += "<p>\(Markup.text(finding.detail))</p>" }
        text += "<details><summary>What each place has</summary><ul class=\"facts\">"
        for (label, place) in zip(labels, finding.places) { text += Self.item(label, place) }
        text += "</ul></details></td>"
        return text
            + "<td role=\"cell\" data-label=\"On\">\(Markup.escaped(faulty.joined(separator: ", ")))</td></tr>\n"
    }

    private static func item(_ label: String, _ place: Finding.Place) -> String {
        var text = "<li\(place.isAtFault ? " class=\"fault\"" : "")><b>\(Markup.text(label))</b>"
        if place.isAtFault { text += " <span class=\"soft\">(this one)</span>" }
        guard let object = place.object else { return text + "<br>absent</li>" }
        if let size = object.size { text += "<br>\(ReportWords.counted(Int(clamping: size), "byte"))" }
        if let time = object.lastModified { text += ", \(ReportWords.moment(time))" }
        if !object.isManifestLine {
            text += "<br>" + (object.etag.isAbsent ? "no ETag" : "ETag <code>\(Markup.text(object.etag.text))</code>")
        }
        if let md5 = object.md5 { text += "<br>MD5 <code>\(Markup.text(md5))</code>" }
        if let sha256 = object.sha256 { text += "<br>SHA-256 <code>\(Markup.text(sha256))</code>" }
        return text + "</li>"
    }

    /// A key as code whose direction of reading ends with it, and in which escapes stand out.
    private static func key(_ key: ObjectKey) -> String {
        let text = Visible.escaped(Markup.escaped(key.description), backslash: "\\\\") { escape in
            "<span class=\"escape\">\(escape)</span>"
        }
        let bytes = key.hexadecimalIfNotUTF8.map { " <span class=\"soft\">bytes <code>\($0)</code></span>" } ?? ""
        return "<bdi><code class=\"key\">\(text)</code></bdi>\(bytes)"
    }

    func row(_ finding: PackageFinding) -> String {
        let isGood = ReportWords.isGood(finding)
        var text = "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">\(Self.breakable(finding.package))</th>"
        var versions = [PackageFinding.Version?](repeating: nil, count: labels.all.count)
        for (index, place) in zip(labels.indices(finding.newest.map(\.place)), finding.newest) {
            if let index { versions[index] = place.version }
        }
        let reached = Set(labels.indices(finding.newest.map(\.place)))
        for (index, label) in labels.all.enumerated() {
            let version =
                versions[index].map { Markup.text($0) }
                ?? "<span class=\"soft\">\(reached.contains(index) ? "none" : "not read")</span>"
            text += "<td role=\"cell\" data-label=\"\(Markup.text(label))\">\(version)</td>"
        }
        text += "<td role=\"cell\"><span class=\"chip \(isGood ? "good" : "bad")\">"
        text += isGood ? "✓ all agree" : finding.agrees ? "! problem" : "≠ differ"
        text += "</span>"
        if let expected = finding.expected {
            text += " <span class=\"reason\">expected \(Markup.text(expected))</span>"
        }
        return text + Self.problems(finding.problems) + "</td></tr>\n"
    }

    /// A package's name that breaks at its dots, where it has to.
    private static func breakable(_ package: String) -> String {
        package.split(separator: ".", omittingEmptySubsequences: false).map { Markup.text(String($0)) }
            .joined(separator: ".<wbr>")
    }

    func row(_ entry: PackageEntry) -> String {
        var text = "<tr role=\"row\"><td role=\"cell\"><span class=\"chip \(entry.isIntact ? "good" : "bad")\">"
        text += entry.isIntact ? "✓ intact" : "! problem"
        text += "</span></td><td role=\"cell\">\(Self.key(entry.key))\(Self.problems(entry.problems))"
        if let facts = entry.facts {
            text += "<p class=\"soft\">\(Markup.escaped(TextReport.words(facts, isGenuine: entry.isGenuine)))</p>"
        }
        return text + "</td><td role=\"cell\" data-label=\"On\">\(Markup.text(labels.label(entry.place)))</td></tr>\n"
    }

    private static func problems(_ problems: [String]) -> String {
        guard !problems.isEmpty else { return "" }
        return "<ul class=\"problems\">\(problems.map { "<li>\(Markup.text($0))</li>" }.joined())</ul>"
    }
}
