import ObjectModel
import Runtime

/// Gauges for the textfile collector of Prometheus' node exporter, in the text exposition format.
///
/// All are written at the end, those of one name together, as the format wants it.
final class PrometheusReport: ReportWriter {
    private let context: ReportContext
    private let labels: PlaceLabels
    private let sink: (borrowing [UInt8]) throws -> Void
    private var summary: AuditSummary?
    private let versions = Spool()
    private let agreements = Spool()
    /// Packages that were told of: two samples with equal labels would make the whole file unreadable.
    private var packages: Set<String> = []

    init(_ context: ReportContext, sink: @escaping (borrowing [UInt8]) throws -> Void) {
        self.context = context
        self.sink = sink
        labels = PlaceLabels(context.places)
    }

    func take(_ event: AuditEvent) throws {
        switch event {
        case .summary(let summary): self.summary = summary
        case .packages(let finding):
            guard packages.insert(finding.package).inserted else { return }
            let package = ("package", finding.package)
            try agreements.append(Self.sample("package_ok", [package], ReportWords.isGood(finding) ? 1 : 0))
            for (label, place) in zip(labels.labels(finding.newest.map(\.place)), finding.newest) {
                guard let version = place.version, let code = Self.code(version) else { continue }
                try versions.append(Self.sample("package_version_code", [package, ("place", label)], code))
            }
        case .finding, .package, .repair, .notice: break
        }
    }

    func finish() throws {
        var text = ""
        func metric(_ name: String, _ help: String, _ samples: [String]) {
            guard !samples.isEmpty else { return }
            text += Self.header(name, help) + samples.joined()
        }
        metric("info", "The program that made this audit.", [Self.sample("info", [("version", context.version)], 1)])
        // Without a summary nothing is known, which is not identical.
        let status = summary?.status ?? .incomplete
        metric(
            "status", "How the last audit ended; 1 for the one status that holds.",
            AuditSummary.Status.allCases.map { one in
                Self.sample("status", [("status", one.rawValue)], one == status ? 1 : 0)
            })
        if let summary {
            metric("keys", "Keys in scope over all places, by what was found.", Self.keys(summary))
            let places = Array(zip(labels.labels(summary.places.map(\.name)), summary.places))
            metric(
                "place_up", "Whether the place's listing was read to its end.",
                places.map { label, place in Self.sample("place_up", [("place", label)], place.error == nil ? 1 : 0) })
            // A part of a listing would look like lost objects.
            let whole = places.filter { $1.error == nil }
            metric(
                "objects", "Objects in scope on a place; absent for one that was not read to its end.",
                whole.map { label, place in Self.sample("objects", [("place", label)], place.objects) })
            metric(
                "bytes", "Size of the objects in scope on a place; absent for one that was not read to its end.",
                whole.filter { $1.hasSizes }.map { label, place in Self.sample("bytes", [("place", label)], place.bytes)
                })
            metric("read_bytes", "Bytes of objects that were read.", [Self.sample("read_bytes", [], summary.bytesRead)])
            metric("read_keys", "Keys whose bytes were read.", [Self.sample("read_keys", [], summary.read)])
            metric(
                "requests", "Requests that the audit sent, by kind.",
                RequestVerb.allCases.compactMap { verb in
                    summary.requests[verb].map { Self.sample("requests", [("verb", verb.rawValue)], $0) }
                })
            metric("packages", "Packages found in APKs.", [Self.sample("packages", [], summary.packages)])
            metric("apks", "APKs that were looked into, each on each place.", [Self.sample("apks", [], summary.apks)])
            metric(
                "package_problems", "APKs with problems, and packages that do not agree or are not as expected.",
                [Self.sample("package_problems", [], summary.packageProblems)])
            metric(
                "unmet_expectations",
                "Packages whose newest version is not the one that \(ProgramWords.expectedVersions.spelled) names on every place.",
                [Self.sample("unmet_expectations", [], summary.unmetExpectations)])
            metric(
                "duration_seconds", "How long the audit took.",
                [Self.sample("duration_seconds", [], Decimals.format(summary.seconds, 3))])
            let end = Double(summary.start.milliseconds) / 1000 + summary.seconds
            metric(
                "last_run_timestamp_seconds", "When the audit ended, since the epoch.",
                [Self.sample("last_run_timestamp_seconds", [], Decimals.format(end, 3))])
        }
        try put(text)
        try put(agreements, "package_ok", "Whether all places have the same, expected newest version without problems.")
        try put(versions, "package_version_code", "The version code of a package's newest version on a place.")
    }

    private func put(_ text: String) throws {
        try sink(Array(text.utf8))
    }

    private func put(_ samples: Spool, _ name: String, _ help: String) throws {
        guard !samples.isEmpty else { return }
        try put(Self.header(name, help))
        try samples.replay(sink)
    }

    private static func keys(_ summary: AuditSummary) -> [String] {
        Finding.State.allCases.map { state in sample("keys", [("state", state.rawValue)], summary.count(of: state)) }
    }

    /// What follows the last `+` of a version.
    private static func code(_ version: String) -> Int64? {
        version.lastIndex(of: "+").flatMap { Int64(version[version.index(after: $0)...]) }
    }

    private static func header(_ name: String, _ help: String) -> String {
        "# HELP minio_sync_audit_\(name) \(help)\n# TYPE minio_sync_audit_\(name) gauge\n"
    }

    private static func sample(
        _ name: String, _ labels: [(name: String, value: String)], _ value: some CustomStringConvertible
    ) -> String {
        let pairs = labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
        return "minio_sync_audit_\(name)\(pairs.isEmpty ? "" : "{\(pairs)}") \(value)\n"
    }

    /// A label's value, as the exposition format wants it between its quotes. Values that differ stay different,
    /// as APKs may call themselves anything.
    private static func escaped(_ value: String) -> String {
        var out = ""
        for scalar in Visible.escaped(value, backslash: "\\\\", mark: { $0 }).unicodeScalars {
            if scalar == "\\" || scalar == "\"" { out += "\\" }
            out.unicodeScalars.append(scalar)
        }
        return out
    }
}

extension AuditSummary {
    /// Keys of which this was found.
    func count(of state: Finding.State) -> Int {
        switch state {
        case .identical: identical
        case .differs: differs
        case .missing: missing
        case .extra: extra
        case .unverifiable: unverifiable
        case .error: errors
        }
    }
}
