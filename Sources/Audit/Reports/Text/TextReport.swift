import ObjectModel
import Runtime

/// The report for people: the answer, a table of places and counts, then only what is not identical, in the order of keys.
///
/// Columns before the key have a width that is known from the start, and the key comes last, so rows need not wait for
/// each other to be aligned.
final class TextReport: ReportWriter {
    let context: ReportContext
    let labels: PlaceLabels
    let style: TextStyle
    private let sink: (borrowing [UInt8]) throws -> Void
    private var summary: AuditSummary?
    private let findings = Spool()
    private let packages = Spool()
    private let apks = Spool()
    private let notices = Spool()
    private let repairs = Spool()

    /// Columns of a state, and what lies between columns.
    static let stateWidth = 12
    static let gap = "  "
    /// Columns before the lines that explain a row.
    static let indent = String(repeating: " ", count: stateWidth + gap.count)
    /// Columns of a reason, the longest of which is `metadata`.
    static let reasonWidth = 8
    /// Columns of the longest place, its label as it is shown.
    let placeWidth: Int
    /// Whether the places' column would leave too little of the terminal for keys.
    let isNarrow: Bool

    init(_ context: ReportContext, sink: @escaping (borrowing [UInt8]) throws -> Void) {
        self.context = context
        self.sink = sink
        labels = PlaceLabels(context.places)
        style = TextStyle(isColored: context.isColored)
        placeWidth = max(5, labels.all.map { Visible.text($0).count }.max() ?? 0)
        let before = Self.stateWidth + Self.reasonWidth + placeWidth + 3 * Self.gap.count
        isNarrow = context.width.map { before > $0 / 2 } ?? false
    }

    func take(_ event: AuditEvent) throws {
        switch event {
        case .finding(let finding):
            guard context.showsIdentical || finding.state != .identical else { return }
            try findings.append(rows(finding))
        case .package(let entry):
            guard context.showsIdentical || !entry.isIntact else { return }
            try apks.append(rows(entry))
        case .packages(let finding): try packages.append(rows(finding))
        case .repair(let command): try repairs.append("\(Self.gap)\(Visible.text(command))\n")
        case .notice(let text): try notices.append(paragraph(Visible.text(text), indent: Self.gap))
        case .summary(let summary): self.summary = summary
        }
    }

    func finish() throws {
        if let summary {
            try put(head(summary))
        } else {
            try put(style.bold("The audit ended before its summary; what it found until then follows.") + "\n")
        }
        try section(context.showsIdentical ? "Keys" : "What is not identical", heading: heading, findings)
        try section("Packages, the newest version on each place", packages)
        try section(context.showsIdentical ? "APKs" : "APKs with problems", apks)
        try section("Remarks", notices)
        try section("To mend it", repairs)
    }

    private var heading: String {
        var heading =
            Self.padded("State", Self.stateWidth) + Self.gap + Self.padded("Reason", Self.reasonWidth) + Self.gap
        if !isNarrow { heading += Self.padded("Where", placeWidth) + Self.gap }
        return style.dim(heading + "Key") + "\n"
    }

    private func section(_ title: String, heading: String = "", _ rows: Spool) throws {
        guard !rows.isEmpty else { return }
        try put("\n" + style.bold(title) + "\n" + heading)
        try rows.replay(sink)
    }

    private func put(_ text: String) throws {
        try sink(Array(text.utf8))
    }

    // MARK: Lines

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func alignedRight(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// `text`, which is visible already, as lines below `indent`, broken between words where the terminal ends.
    func paragraph(_ text: String, indent: String) -> String {
        guard let width = context.width.map({ max(20, $0 - indent.count) }), text.count > width else {
            return indent + text + "\n"
        }
        var out = ""
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                out += indent + line + "\n"
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return out + indent + line + "\n"
    }
}

/// Colours of a terminal, or none. Never the only thing that tells.
struct TextStyle {
    let isColored: Bool

    enum Tone: String {
        case good = "32"
        case bad = "31"
        case doubtful = "33"
        case foreign = "36"
    }

    func bold(_ text: String) -> String { wrapped(text, "1") }
    func dim(_ text: String) -> String { wrapped(text, "2") }
    func tone(_ text: String, _ tone: Tone) -> String { wrapped(text, tone.rawValue) }

    private func wrapped(_ text: String, _ code: String) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

extension Finding.State {
    var tone: TextStyle.Tone {
        switch self {
        case .identical: .good
        case .differs, .missing, .error: .bad
        case .extra: .foreign
        case .unverifiable: .doubtful
        }
    }

    /// What it means, for people who see the word the first time.
    var meaning: String {
        switch self {
        case .identical: "the same everywhere"
        case .differs: "other bytes, sizes or headers"
        case .missing: "the reference has it, another lacks it"
        case .extra: "the reference lacks it, another has it"
        case .unverifiable: "nothing tells whether the bytes are equal"
        case .error: "could not be looked at"
        }
    }
}

extension AuditSummary.Status {
    var tone: TextStyle.Tone {
        switch self {
        case .identical: .good
        case .different, .incomplete: .bad
        case .unverifiable: .doubtful
        }
    }
}
