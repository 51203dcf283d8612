import AndroidPackage
import ObjectModel

extension TextReport {
    /// A key with what was found, and below it what each place has, where that tells more.
    func rows(_ finding: Finding) -> String {
        let labels = labels.labels(finding.places.map(\.name)).map { Visible.text($0) }
        let faulty = zip(labels, finding.places).filter { $1.isAtFault }.map { label, _ in label }
        let reason = finding.reason?.rawValue ?? ""
        var text =
            style.tone(Self.padded(finding.state.rawValue, Self.stateWidth), finding.state.tone) + Self.gap
            + Self.padded(reason == finding.state.rawValue ? "" : reason, Self.reasonWidth) + Self.gap
        let key = style.bold(Visible.key(finding.key))
        if isNarrow {
            text += key + "\n"
            if !faulty.isEmpty { text += paragraph("on \(ReportWords.list(faulty))", indent: Self.indent) }
        } else {
            text += Self.padded(faulty.first ?? "", placeWidth) + Self.gap + key + "\n"
            let before = String(repeating: " ", count: Self.stateWidth + Self.reasonWidth + 2 * Self.gap.count)
            for place in faulty.dropFirst() { text += "\(before)\(place)\n" }
        }
        // That a place lacks a key, or alone has it, is said by then.
        guard finding.state != .identical, reason != finding.state.rawValue else { return text }
        if !finding.detail.isEmpty { text += paragraph(Visible.text(finding.detail), indent: Self.indent) }
        return text + facts(finding, labels)
    }

    private func facts(_ finding: Finding, _ labels: [String]) -> String {
        let sizes = finding.places.map { place in
            place.object.map { $0.size.map { "\(ReportWords.number($0)) B" } ?? "" } ?? "absent"
        }
        let width = sizes.map(\.count).max() ?? 0
        return zip(labels, finding.places).enumerated().map { index, pair in
            let (label, place) = pair
            var line = Self.indent + Self.padded(label, placeWidth) + Self.gap + Self.alignedRight(sizes[index], width)
            guard let object = place.object else { return style.dim(line) + "\n" }
            // The digests of what was read tell nothing new where the server says the same.
            var digests = object.sha256.map { ["SHA-256 \($0)"] } ?? []
            if let md5 = object.md5, md5 != object.etag.text.lowercased() { digests.insert("MD5 \(md5)", at: 0) }
            if !object.etag.isAbsent {
                line += Self.gap + Visible.text(object.etag.text)
            } else if object.isManifestLine, !digests.isEmpty {
                line += Self.gap + digests.removeFirst()
            } else {
                line += Self.gap + "no ETag"
            }
            if let time = object.lastModified { line += Self.gap + ReportWords.moment(time) }
            let before = String(repeating: " ", count: Self.indent.count + placeWidth + width + 2 * Self.gap.count)
            let lines = [line] + digests.map { before + $0 }
            return lines.map { style.dim($0) + "\n" }.joined()
        }.joined()
    }

    /// A package that is all right takes one line; another one shows what each place has.
    func rows(_ finding: PackageFinding) -> String {
        let package = style.bold(Visible.text(finding.package))
        let isGood = ReportWords.isGood(finding)
        let state = style.tone(Self.padded(isGood ? "agree" : "problem", Self.stateWidth), isGood ? .good : .bad)
        if isGood, let version = finding.newest.first?.version {
            return "\(state)\(Self.gap)\(package)\(Self.gap)\(Visible.text(version))\n"
        }
        var text = "\(state)\(Self.gap)\(package)\n"
        for (label, place) in zip(labels.labels(finding.newest.map(\.place)), finding.newest) {
            text +=
                Self.indent + Self.padded(Visible.text(label), placeWidth) + Self.gap
                + (place.version.map { Visible.text($0) } ?? "none") + "\n"
        }
        if let expected = finding.expected {
            text += Self.indent + Self.padded("expected", placeWidth) + Self.gap + Visible.text(expected) + "\n"
        }
        return text + finding.problems.map { paragraph(Visible.text($0), indent: Self.indent) }.joined()
    }

    func rows(_ entry: PackageEntry) -> String {
        let state = style.tone(
            Self.padded(entry.isIntact ? "intact" : "problem", Self.stateWidth), entry.isIntact ? .good : .bad)
        let place = Visible.text(labels.label(entry.place))
        let key = style.bold(Visible.key(entry.key))
        var text = "\(state)\(Self.gap)"
        text +=
            isNarrow ? "\(key)\n\(Self.indent)on \(place)\n" : "\(Self.padded(place, placeWidth))\(Self.gap)\(key)\n"
        for problem in entry.problems { text += paragraph(Visible.text(problem), indent: Self.indent) }
        if let facts = entry.facts {
            text += paragraph(Self.words(facts, isGenuine: entry.isGenuine), indent: Self.indent)
        }
        return text
    }

    /// `com.example.app 2.0.6+48, Android SDK 24 to 35, signed (v2, v3) by 1a2b…`.
    static func words(_ facts: PackageFacts, isGenuine: Bool?) -> String {
        var clauses = [ReportWords.release(facts)]
        switch (facts.minSDK, facts.targetSDK) {
        case (let low?, let target?): clauses.append("SDK \(low), target \(target)")
        case (let low?, nil): clauses.append("SDK \(low)")
        case (nil, let target?): clauses.append("target SDK \(target)")
        case (nil, nil): break
        }
        if facts.schemes.isEmpty {
            clauses.append("not signed")
        } else {
            let signers = facts.signers.isEmpty ? "" : " by \(facts.signers.joined(separator: ", "))"
            clauses.append("signed (\(facts.schemes.map(\.rawValue).joined(separator: ", ")))\(signers)")
        }
        let words = Visible.text(clauses.joined(separator: ", "))
        guard let isGenuine else { return "\(words)." }
        return "\(words); all bytes were read, and \(isGenuine ? "they are" : "are not") what was signed."
    }
}
