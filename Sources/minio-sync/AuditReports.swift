import Audit
import Configuration
import Glibc
import Runtime

/// The reports of one audit: the main one on standard output or in a file, and any others in theirs.
final class AuditReports: Sendable {
    private struct Open {
        let writer: any ReportWriter
        let file: AtomicFile?
    }

    private struct State {
        var reports: [Open] = []
        /// The first failure to write; later ones follow from it.
        var failure: (any Error)?
    }

    private let state: Mutex<State>
    private let options: AuditOptions
    private let console: Console

    /// Opens all files at once, so that one that cannot be written is known before the work.
    init(_ arguments: AuditArguments, console: Console) throws {
        options = arguments.options
        self.console = console
        let names = [options.manifest].compactMap(\.self) + arguments.places.map(\.text)
        var context = ReportContext(places: names, showsIdentical: options.all, version: Version.text)
        // By no-color.org.
        let wantsColor = unsafe getenv("NO_COLOR") == nil
        context.isColored = console.printsToTerminal && wantsColor
        context.width = console.printsToTerminal ? console.columns : nil
        let plain = ReportContext(places: names, showsIdentical: options.all, version: Version.text)
        var reports: [Open] = []
        if let output = options.output {
            reports.append(try Self.open(options.format, output, plain))
        } else {
            let sink: (borrowing [UInt8]) throws -> Void = { console.write(copy $0) }
            reports.append(Open(writer: options.format.writer(context, sink: sink), file: nil))
        }
        for report in options.reports { reports.append(try Self.open(report.format, report.file, plain)) }
        state = Mutex(State(reports: reports))
    }

    private static func open(_ format: ReportFormat, _ path: String, _ context: ReportContext) throws -> Open {
        do throws(ReportError) {
            let file = try AtomicFile(path: path)
            return Open(writer: format.writer(context, sink: { try file.write(copy $0) }), file: file)
        } catch {
            throw CommandError(error.description)
        }
    }

    func take(_ event: AuditEvent) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do {
                for report in state.reports { try report.writer.take(event) }
            } catch {
                state.failure = error
            }
        }
        // What the main report does not show where people look.
        switch event {
        case .notice(let text) where options.output != nil || options.format != .text:
            console.warn("minio-sync: warning: \(text)")
        case .repair(let line) where ![.text, .json].contains(options.format):
            if options.output != nil { console.print(line) } else { console.warn(line) }
        default: break
        }
    }

    /// Ends all reports and puts their files in place.
    ///
    /// - Throws: the first failure to write any of them.
    func finish(_ summary: AuditSummary) throws {
        take(.summary(summary))
        try state.withLock { state in
            var failure = state.failure
            // One that cannot be written costs no other.
            for report in state.reports where state.failure == nil {
                do {
                    try report.writer.finish()
                    try report.file?.commit()
                } catch {
                    failure = failure ?? error
                }
            }
            state.reports = []
            if let failure { throw failure }
        }
        guard options.output != nil, !options.quiet else { return }
        console.warn("minio-sync: \(Self.verdict(summary))")
    }

    private static func verdict(_ summary: AuditSummary) -> String {
        switch summary.status {
        case .identical: "identical: \(summary.compared) keys."
        case .different, .unverifiable, .incomplete:
            "\(summary.status.rawValue): of \(summary.compared) keys \(summary.identical) are identical, "
                + "\(summary.differs) different, \(summary.missing) missing, \(summary.extra) extra, "
                + "\(summary.unverifiable) unverifiable, \(summary.errors) not to be looked at."
        }
    }
}
