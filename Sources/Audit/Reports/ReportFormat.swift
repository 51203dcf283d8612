/// The forms in which an audit tells what it found.
public enum ReportFormat: String, CaseIterable, Sendable {
    /// For people: the summary first, then what is not identical.
    case text
    /// A JSON object a line, in the order of the events.
    case json
    /// A table for spreadsheets, RFC 4180.
    case csv
    /// One self-contained page.
    case html
    /// Test results for continuous integration.
    case junit
    /// For the textfile collector of Prometheus' node exporter.
    case prometheus

    /// A writer of one report, which hands its bytes to `sink` in order.
    ///
    /// Only `json` and `csv` write while the audit goes on. The other forms begin with what is known at the end, so they
    /// write within `finish`.
    public func writer(
        _ context: ReportContext, sink: @escaping (borrowing [UInt8]) throws -> Void
    ) -> any ReportWriter {
        switch self {
        case .text: TextReport(context, sink: sink)
        case .json: JSONReport(context, sink: sink)
        case .csv: CSVReport(context, sink: sink)
        case .html: HTMLReport(context, sink: sink)
        case .junit: JUnitReport(context, sink: sink)
        case .prometheus: PrometheusReport(context, sink: sink)
        }
    }
}

/// What all forms may show besides the events.
public struct ReportContext: Sendable {
    /// As they were given, in order; the first is the reference.
    public var places: [String]
    /// Whether findings that are identical are shown too, each; and APKs that have no problem.
    public var showsIdentical: Bool
    /// Of this program.
    public var version: String
    /// Whether text is for a terminal that shows colours.
    public var isColored = false
    /// Columns of the terminal that text is for; nil where it is none.
    public var width: Int?

    public init(
        places: [String], showsIdentical: Bool, version: String, isColored: Bool = false, width: Int? = nil
    ) {
        self.places = places
        self.showsIdentical = showsIdentical
        self.version = version
        self.isColored = isColored
        self.width = width
    }
}

/// Turns events into the bytes of one report.
///
/// Memory is bounded, whatever the number of events: what has to come after the summary waits in a temporary file that
/// has no name. Belongs to one task at a time.
public protocol ReportWriter: AnyObject {
    /// Takes the next event.
    ///
    /// - Throws: what the sink throws, and `ReportError` where there is no temporary space.
    func take(_ event: AuditEvent) throws

    /// Writes all that is left. Called once, after the last event; a report without a summary says that it was cut short.
    ///
    /// - Throws: as `take`.
    func finish() throws
}
