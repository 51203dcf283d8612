import AndroidPackage
import ObjectModel
import Runtime

/// A JSON object a line, as events come. Fields keep their names and their order; new ones are added at the end.
final class JSONReport: ReportWriter {
    private let context: ReportContext
    private let labels: PlaceLabels
    private let sink: (borrowing [UInt8]) throws -> Void

    init(_ context: ReportContext, sink: @escaping (borrowing [UInt8]) throws -> Void) {
        self.context = context
        self.sink = sink
        labels = PlaceLabels(context.places)
    }

    func take(_ event: AuditEvent) throws {
        switch event {
        case .finding(let finding):
            guard context.showsIdentical || finding.state != .identical else { return }
            try put(line(finding))
        case .package(let entry): try put(line(entry))
        case .packages(let finding): try put(line(finding))
        case .repair(let command): try put(Self.line("repair", "command", command))
        case .notice(let text): try put(Self.line("notice", "text", text))
        case .summary(let summary): try put(line(summary))
        }
    }

    func finish() throws {}

    private func put(_ line: JSONText) throws {
        try sink(Array((line.object + "\n").utf8))
    }

    private static func line(_ type: String, _ name: String, _ value: String) -> JSONText {
        var line = JSONText()
        line.set("type", type)
        line.set(name, value)
        return line
    }

    private func line(_ finding: Finding) -> JSONText {
        var line = JSONText()
        line.set("type", "finding")
        line.set("key", "\(finding.key)")
        line.set("state", finding.state.rawValue)
        line.set("reason", orNull: finding.reason?.rawValue)
        var places = JSONText()
        let labels = labels.labels(finding.places.map(\.name))
        for (label, place) in zip(labels, finding.places) {
            if let object = place.object { places.set(label, Self.facts(object)) } else { places.setNull(label) }
        }
        line.set("places", places)
        line.set("on", zip(labels, finding.places).filter { $1.isAtFault }.map { label, _ in label })
        line.set("detail", finding.detail)
        if let hexadecimal = finding.key.hexadecimalIfNotUTF8 { line.set("keyHex", hexadecimal) }
        return line
    }

    private static func facts(_ object: ObjectFacts) -> JSONText {
        var text = JSONText()
        text.set("size", orNull: object.size)
        text.set("etag", orNull: object.etag.isAbsent ? nil : object.etag.text)
        if let time = object.lastModified { text.set("lastModified", time.iso8601) }
        if let md5 = object.md5 { text.set("md5", md5) }
        if let sha256 = object.sha256 { text.set("sha256", sha256) }
        if let storageClass = object.storageClass { text.set("storageClass", storageClass) }
        return text
    }

    private func line(_ entry: PackageEntry) -> JSONText {
        var line = JSONText()
        line.set("type", "apk")
        line.set("place", labels.label(entry.place))
        line.set("key", "\(entry.key)")
        // Without a package's name nothing else of its manifest was read.
        let facts = entry.facts
        let isNamed = facts?.package.isEmpty == false
        line.set("package", orNull: isNamed ? facts?.package : nil)
        line.set("versionName", orNull: facts?.versionName)
        line.set("versionCode", orNull: isNamed ? facts?.versionCode : nil)
        line.set("signers", facts?.signers ?? [])
        line.set("schemes", (facts?.schemes ?? []).map(\.rawValue))
        line.set("intact", entry.isIntact)
        line.set("problems", entry.problems)
        line.set("minSDK", orNull: facts?.minSDK)
        line.set("targetSDK", orNull: facts?.targetSDK)
        line.set("lineage", facts?.lineage ?? [])
        line.set("versionNameReference", orNull: facts?.versionNameReference)
        line.set("verified", entry.isVerified)
        if let hexadecimal = entry.key.hexadecimalIfNotUTF8 { line.set("keyHex", hexadecimal) }
        return line
    }

    private func line(_ finding: PackageFinding) -> JSONText {
        var line = JSONText()
        line.set("type", "package")
        line.set("package", finding.package)
        var newest = JSONText()
        for (label, place) in zip(labels.labels(finding.newest.map(\.place)), finding.newest) {
            newest.set(label, orNull: place.version)
        }
        line.set("newest", newest)
        line.set("agree", finding.agrees)
        line.set("expected", orNull: finding.expected)
        line.set("problems", finding.problems)
        return line
    }

    private func line(_ summary: AuditSummary) -> JSONText {
        var line = JSONText()
        line.set("type", "summary")
        line.set("status", summary.status.rawValue)
        line.set("compared", summary.compared)
        line.set("identical", summary.identical)
        line.set("differs", summary.differs)
        line.set("missing", summary.missing)
        line.set("extra", summary.extra)
        line.set("unverifiable", summary.unverifiable)
        line.set("errors", summary.errors)
        line.set("bytesRead", summary.bytesRead)
        line.set("seconds", summary.seconds, decimals: 3)
        var places = JSONText()
        for (label, place) in zip(labels.labels(summary.places.map(\.name)), summary.places) {
            var text = JSONText()
            text.set("objects", orNull: place.isUnknown ? nil : place.objects)
            text.set("bytes", orNull: place.isUnknown || !place.hasSizes ? nil : place.bytes)
            text.set("error", orNull: place.error)
            places.set(label, text)
        }
        line.set("places", places)
        line.set("packages", summary.packages)
        line.set("apks", summary.apks)
        var anywhere = JSONText()
        for state in [Finding.State.differs, .missing, .extra, .unverifiable] {
            anywhere.set(state.rawValue, summary.onAnyPlace[state] ?? 0)
        }
        line.set("onAnyPlace", anywhere)
        line.set("packageProblems", summary.packageProblems)
        line.set("read", summary.read)
        var requests = JSONText()
        for verb in RequestVerb.allCases {
            if let count = summary.requests[verb] { requests.set(verb.rawValue, count) }
        }
        line.set("requests", requests)
        if let sample = summary.sample {
            var text = JSONText()
            text.set("share", sample.share, decimals: 6)
            text.set("seed", sample.seed)
            line.set("sample", text)
        } else {
            line.setNull("sample")
        }
        line.set("start", summary.start.iso8601)
        line.set("interrupted", summary.isInterrupted)
        line.set("version", context.version)
        line.set("unmetExpectations", summary.unmetExpectations)
        return line
    }
}

extension JSONText {
    mutating func set(_ name: String, orNull value: String?) {
        if let value { set(name, value) } else { setNull(name) }
    }

    mutating func set(_ name: String, orNull value: (some BinaryInteger)?) {
        if let value { set(name, value) } else { setNull(name) }
    }
}
