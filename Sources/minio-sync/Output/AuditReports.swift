import Audit
import Configuration
import Glibc
import Runtime

/// The reports of one audit: the main one on standard output or in a file, and any others in theirs.
final class AuditReports: Sendable {
    private struct Open {
        let writer: any ReportWriter
        let file: AtomicFile?
        /// Why it cannot be written; one report's failure costs no other.
        var failure: (any Error)?

        mutating func attempt(_ body: (any ReportWriter, AtomicFile?) throws -> Void) {
            guard failure == nil else { return }
            do { try body(writer, file) } catch { failure = error }
        }
    }

    private let state: Mutex<[Open]>
    private let options: AuditFlags
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
        state = Mutex(reports)
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
        state.withLock { reports in
            for index in reports.indices { reports[index].attempt { writer, _ in try writer.take(event) } }
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
    /// - Throws: a `CommandError` for the first that cannot be written; its sentence is empty where the reader of standard
    ///   output wanted no more.
    func finish(_ summary: AuditSummary) throws(CommandError) {
        take(.summary(summary))
        let failure = state.withLock { reports in
            for index in reports.indices {
                reports[index].attempt { writer, file in
                    try writer.finish()
                    try file?.commit()
                }
            }
            defer { reports = [] }
            return reports.lazy.compactMap(\.failure).first
        }
        if let failure { throw CommandError("\(failure)") }
        let output = console.outputFailure()
        if output == EPIPE { throw CommandError("") }
        if output != 0 { throw CommandError(ReportError(standardOutput: output).description) }
        guard options.output != nil, !options.quiet else { return }
        console.warn("minio-sync: \(Self.verdict(summary))")
    }

    private static func verdict(_ summary: AuditSummary) -> String {
        switch summary.status {
        case .unverifiable where summary.isAboutNothing:
            "unverifiable: no key is in scope, so nothing was compared; check the filters and the prefixes."
        case .identical: "identical: \(summary.compared) keys."
        case .different, .unverifiable, .incomplete:
            "\(summary.status.rawValue): of \(summary.compared) keys \(summary.identical) are identical, "
                + "\(summary.differs) different, \(summary.missing) missing, \(summary.extra) extra, "
                + "\(summary.unverifiable) unverifiable, \(summary.errors) not to be looked at."
        }
    }
}
