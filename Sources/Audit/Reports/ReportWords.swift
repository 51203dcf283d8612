import AndroidPackage
import ObjectModel
import Runtime

/// What a summary says, in words.
enum ReportWords {
    /// The answer, and what else there is to say of it.
    static func sentence(_ summary: AuditSummary) -> String {
        sentences(summary).joined(separator: " ")
    }

    /// The answer as one plain sentence; after it, for an audit that is incomplete, what is known all the same.
    static func sentences(_ summary: AuditSummary) -> [String] {
        switch summary.status {
        case .identical where summary.compared == 0:
            ["The places are identical: no key is in scope on any of them."]
        case .identical:
            ["The places are identical."]
        case .different where differing(summary) > 0:
            ["The places differ: \(clauses(summary, first: ofAll(differing(summary), summary)))."]
        case .different:
            ["The packages have \(counted(summary.packageProblems, "problem")); no key differs\(unverified(summary))."]
        case .unverifiable where summary.isAboutNothing:
            [nothingCompared]
        case .unverifiable:
            ["The places are not proven identical: \(ofAll(summary.unverifiable, summary)) could not be verified."]
        case .incomplete:
            ["The audit is incomplete: \(hindrances(summary)).", known(summary)]
        }
    }

    static var nothingCompared: String {
        "Nothing was compared: no key is in scope on any of the places; check \(ProgramWords.filters.spelled), and the "
            + "prefixes."
    }

    /// Keys that are known not to be alike.
    static func differing(_ summary: AuditSummary) -> Int {
        summary.differs + summary.missing + summary.extra
    }

    private static func ofAll(_ count: Int, _ summary: AuditSummary) -> String {
        "\(number(count)) of \(counted(summary.compared, "key"))"
    }

    private static func clauses(_ summary: AuditSummary, first: String) -> String {
        let problems = summary.packageProblems
        return first + unverified(summary) + (problems > 0 ? "; the packages have \(counted(problems, "problem"))" : "")
    }

    private static func unverified(_ summary: AuditSummary) -> String {
        summary.unverifiable > 0 ? "; \(number(summary.unverifiable)) could not be verified" : ""
    }

    private static func hindrances(_ summary: AuditSummary) -> String {
        var hindrances: [String] = summary.isInterrupted ? ["it was interrupted"] : []
        let unread = summary.places.filter { $0.error != nil }.map { Visible.text($0.name) }
        if !unread.isEmpty { hindrances.append("\(list(unread)) could not be read to the end") }
        if summary.errors > 0 { hindrances.append("\(counted(summary.errors, "key")) could not be looked at") }
        // A caller may have reasons of its own.
        return hindrances.isEmpty ? "not everything was looked at" : hindrances.joined(separator: ", ")
    }

    private static func known(_ summary: AuditSummary) -> String {
        guard summary.compared > 0 else { return "Nothing was compared." }
        let differing = differing(summary)
        let first = differing > 0 ? "\(ofAll(differing, summary)) differ\(differing == 1 ? "s" : "")" : "no key differs"
        return "Of what was compared, \(clauses(summary, first: first))."
    }

    // MARK: Numbers and names

    /// `10,037`.
    static func number(_ value: some BinaryInteger) -> String {
        let digits = Array(String(value.magnitude))
        var out = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { out += "," }
            out.append(digit)
        }
        return out
    }

    /// `1 key`, `10,037 keys`.
    static func counted(_ count: Int, _ noun: String) -> String {
        "\(number(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return "\(names.dropLast().joined(separator: ", ")) and \(last)"
    }

    /// `0.42 s`, `12.3 s`, `3 min 7 s`, `2 h 5 min`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 9e15 else { return "an unknown time" }
        if seconds < 59.95 { return "\(Decimals.format(seconds, seconds < 9.995 ? 2 : 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(number(whole / 3600)) h \(whole % 3600 / 60) min"
    }

    /// `2026-11-21 01:02:03 UTC`.
    static func moment(_ time: Timestamp) -> String {
        let text = Array(time.iso8601.utf8)
        return String(decoding: text[..<10] + [0x20] + text[11..<19], as: UTF8.self) + " UTC"
    }

    /// `12 LIST, 3 HEAD requests`; nil for none.
    static func requests(_ summary: AuditSummary) -> String? {
        let counts = RequestVerb.allCases.compactMap { verb in
            summary.requests[verb].map { "\(number($0)) \(verb.rawValue)" }
        }
        let total = summary.requests.values.reduce(0, +)
        return counts.isEmpty ? nil : counts.joined(separator: ", ") + (total == 1 ? " request" : " requests")
    }

    /// What was read beyond listings; nil for nothing.
    static func reading(_ summary: AuditSummary) -> String? {
        var text = ""
        if let sample = summary.sample {
            text = "a sample of \(Decimals.format(sample.share * 100, 2)) % (seed \(sample.seed)): "
        }
        guard summary.read > 0 || summary.bytesRead > 0 || summary.sample != nil else { return nil }
        return text + "the bytes of \(counted(summary.read, "key")), \(ByteSize.format(summary.bytesRead))"
    }

    /// Whether a package is all right on every place.
    static func isGood(_ finding: PackageFinding) -> Bool {
        finding.agrees && finding.problems.isEmpty && finding.isMet
    }

    /// `com.example.app 2.0.6+48`.
    static func release(_ facts: PackageFacts) -> String {
        facts.package.isEmpty ? "package and version unknown" : "\(facts.package) \(version(facts))"
    }

    /// A version as `PackageFinding.Version` has it; nil where the file is no APK.
    static func version(_ facts: PackageFacts) -> String {
        "\(facts.versionName ?? facts.versionNameReference ?? "?")+\(facts.versionCode)"
    }
}

extension ObjectFacts {
    /// Whether this is no object but what a manifest says of one: a digest.
    var isManifestLine: Bool { size == nil && etag.isAbsent }
}
