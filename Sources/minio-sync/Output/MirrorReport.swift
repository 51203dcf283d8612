import MirrorEngine
import ObjectModel
import Reactor
import Runtime
import S3

/// What a mirror command shows: lines for objects, progress, and the summary, as text or as JSON.
final class MirrorReport: Sendable {
    private let options: MirrorFlags
    private let console: Console
    private let bucket = Mutex<String?>(nil)

    init(_ options: MirrorFlags, console: Console) {
        self.options = options
        self.console = console
    }

    /// What follows is about this bucket; nil where there is only one.
    func begin(bucket: String?) {
        self.bucket.withLock { $0 = bucket }
    }

    func observe(_ event: MirrorEvent) {
        switch event {
        case .notice(let text): console.warn("minio-sync: \(text)")
        case .guarded(let objection):
            console.warn("minio-sync: Nothing is deleted: \(objection).")
        case .object(let report): show(report)
        }
    }

    private func show(_ report: ObjectReport) {
        let bucket = bucket.withLock { $0 }
        if options.json {
            console.print(report.json(bucket: bucket).object)
            return
        }
        let isGood = report.status == .ok || report.status == .planned
        if options.verbosity == .quiet, isGood { return }
        var line = "\(Self.word(report)) \(bucket.map { "\($0)/" } ?? "")\(Text.printable(report.key))"
        if let size = report.size { line += " (\(ByteSize.format(size)), \(report.reason.rawValue))" }
        if let error = report.error { line += ": \(error)" }
        if report.reason == .incomparable {
            line += ": the ETags cannot be compared; --compare content reads both sides"
        } else if report.reason == .exists {
            line += ": it differs and --no-overwrite keeps it"
        }
        if isGood { console.print(line) } else { console.warn(line) }
    }

    private static func word(_ report: ObjectReport) -> String {
        switch (report.status, report.action) {
        case (.failed, _): "failed"
        case (.unproven, _): "unproven"
        case (.planned, .copy): "would copy"
        case (.planned, .metadata): "would update headers of"
        case (.planned, .delete): "would delete"
        case (_, .copy): "copied"
        case (_, .metadata): "updated headers of"
        case (_, .delete): "deleted"
        case (_, .skip): "same"
        }
    }

    // MARK: Progress

    /// Shows progress until it is cancelled: a live line on a terminal, a line every 10 seconds elsewhere.
    func startTicker(_ run: MirrorRun) -> Task<Void, Never> {
        let isLive = console.isTerminal
        let body: @Sendable () async -> Void = { [self] in
            let began = Machine.time.now()
            var ticks = 0
            while !Task.isCancelled {
                await Machine.time.sleep(for: .milliseconds(250))
                if Task.isCancelled { break }
                ticks += 1
                console.flush()
                guard options.verbosity != .quiet else { continue }
                let line = Self.line(run.progress, seconds: Double(Machine.time.now() - began) / 1e9)
                if isLive {
                    console.showLive(line)
                } else if ticks % 40 == 0 {
                    console.warn("minio-sync: \(line)")
                }
            }
        }
        return Task(executorPreference: Reactor.required(), operation: body)
    }

    static func line(_ progress: MirrorProgress, seconds: Double) -> String {
        guard progress.known.objects > 0 else { return "\(progress.listed) objects compared" }
        let (known, done) = (progress.known, progress.done)
        let rate = seconds > 0 ? Double(done.bytes) / seconds : 0
        var line =
            "\(done.objects) of \(known.objects)\(progress.isListed ? "" : "+") objects, "
            + "\(ByteSize.format(done.bytes)) of \(ByteSize.format(known.bytes)), "
            + "\(ByteSize.format(Int64(rate)))/s, \(progress.inFlight) in flight"
        if progress.isListed, done.objects > 0, known.objects > done.objects {
            let share = max(
                Double(done.objects) / Double(known.objects),
                known.bytes > 0 ? Double(done.bytes) / Double(known.bytes) : 0)
            line += ", \(duration(seconds / share - seconds)) left"
        }
        return line
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(max(0, min(seconds, 8_640_000)).rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    // MARK: The end

    func end(_ summary: MirrorSummary, source: String, target: String) {
        if options.json {
            console.print(summary.json.object)
        } else if options.verbosity != .quiet || options.summary || summary.status != .ok {
            console.print(paragraph(summary, source: source, target: target))
        }
    }

    private func paragraph(_ summary: MirrorSummary, source: String, target: String) -> String {
        let would = options.dryRun ? "to be " : ""
        var text =
            "\(verdict(summary)) \(source) has \(Self.amount(summary.source)), \(target) \(Self.amount(summary.target)): "
            + "\(summary.same) the same, "
            + "\(summary.copied.objects) \(would)copied (\(ByteSize.format(summary.copied.bytes))), "
            + "\(summary.metadata) with headers \(would)updated, \(summary.deleted) \(would)deleted, "
            + "\(summary.failed) failed, \(summary.unproven) unproven. "
        let requests = RequestVerb.allCases.compactMap { verb in
            summary.requests[verb].map { "\($0) \(verb.rawValue)" }
        }
        text += "\(requests.isEmpty ? "No" : requests.joined(separator: ", ")) requests in "
        return text + "\(Decimals.format(summary.seconds, 2)) s."
    }

    private static func amount(_ amount: Amount) -> String {
        "\(amount.objects) object\(amount.objects == 1 ? "" : "s") (\(ByteSize.format(amount.bytes)))"
    }

    private func verdict(_ summary: MirrorSummary) -> String {
        switch summary.status {
        case .ok where options.dryRun: "Nothing was changed."
        case .ok where options.compare == .size: "Done; what was there already was compared by size alone."
        case .ok: "Done and proven."
        case .failed where summary.error != nil: "NOT done."
        case .failed: "NOT everything is done and proven; the lines about them say what."
        case .guarded: "NOTHING WAS DELETED."
        case .interrupted: "Interrupted; run it again to go on."
        }
    }
}
