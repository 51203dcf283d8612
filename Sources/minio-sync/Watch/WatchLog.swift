import MirrorEngine
import ObjectModel
import Runtime
import Service

/// Writes what mirrors tell as log lines: one line a fact, repeated failures summed up.
final class WatchLog: Sendable {
    private let log: Log
    private let console: Console
    private let digest = Mutex(FailureDigest())

    init(_ log: Log, console: Console) {
        self.log = log
        self.console = console
    }

    func write(_ level: LogLevel, _ event: String, _ fields: [(String, LogValue)] = []) {
        log.write(level, event, fields)
    }

    /// What is said beside, as lines of the log.
    var remarks: Remarks {
        Remarks(
            warn: { self.write(.warning, "notice", [("text", .string($0))]) },
            request: { self.write(.debug, "request", [("text", .string($0))]) })
    }

    /// The log of one mirror, or of one bucket of it. With `json`, objects go to standard output as well.
    func mirror(_ name: String, bucket: String?, json: Bool) -> OfMirror {
        OfMirror(log: self, name: name, bucket: bucket, json: json)
    }

    /// Sums up what was held back for a minute; to be called every few seconds.
    func summarise() {
        let due = digest.withLock { $0.due(now: Machine.time.now()) }
        writeSummaries(due)
    }

    /// Everything that was held back.
    func end() {
        let rest = digest.withLock { $0.rest(now: Machine.time.now()) }
        writeSummaries(rest)
    }

    private func writeSummaries(_ summaries: [FailureDigest.Summary]) {
        for summary in summaries {
            let parts = summary.kind.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
            let bucket = parts.count == 3 && !parts[1].isEmpty ? parts[1] : nil
            log.write(
                .warning, "repeated",
                [("of", .string(parts.last ?? summary.kind))]
                    + Subject(mirror: parts.first ?? "", bucket: bucket).fields + [
                        ("count", .count(summary.count)), ("seconds", .seconds(summary.period)),
                        ("last", .string(summary.example)),
                    ])
        }
    }

    /// Writes a failure now, or counts it for the next summary.
    fileprivate func fail(_ level: LogLevel, _ event: String, _ subject: Subject, _ fields: [(String, LogValue)]) {
        let isFirst = digest.withLock { digest in
            digest.note(
                kind: [subject.mirror, subject.bucket ?? "", event].joined(separator: "\u{1F}"),
                example: Self.example(fields), now: Machine.time.now())
        }
        if isFirst { log.write(level, event, subject.fields + fields) }
    }

    /// What a line is about: a mirror, or one bucket of a mirror with many.
    fileprivate struct Subject {
        let mirror: String
        let bucket: String?

        var fields: [(String, LogValue)] {
            [("mirror", .string(mirror))] + (bucket.map { [("bucket", .string($0))] } ?? [])
        }
    }

    private static func example(_ fields: [(String, LogValue)]) -> String {
        fields.compactMap { name, value in
            if case .string(let text) = value, name != "mirror" { text } else { nil }
        }.joined(separator: ": ")
    }

    /// Turns what one mirror tells into lines.
    struct OfMirror: Sendable {
        fileprivate let log: WatchLog
        fileprivate let name: String
        fileprivate let bucket: String?
        fileprivate let json: Bool

        /// Of a mirror with many buckets, each has its own failures.
        private var subject: Subject { Subject(mirror: name, bucket: bucket) }

        private var fields: [(String, LogValue)] { subject.fields }

        func note(_ event: WatchEvent) {
            switch event {
            case .object(let report, let lag): note(report, lag)
            case .notice(let text): log.write(.notice, "notice", fields + [("text", .string(text))])
            case .listening: log.write(.info, "listening", fields)
            case .polling(let interval, let reason):
                log.write(
                    .notice, "polling", fields + [("interval", .seconds(interval)), ("reason", .string(reason))])
            case .streamLost(let reason): log.fail(.warning, "stream-lost", subject, [("error", .string(reason))])
            case .reconcileBegan(let reason):
                log.write(
                    reason == .poll || reason == .retry ? .debug : .info, "reconcile-begin",
                    fields + [("reason", .string(reason.rawValue))]
                )
            case .reconcileEnded(let outcome): note(outcome)
            case .reconcileFailed(let error):
                log.fail(.warning, "reconcile-failed", subject, [("error", .string(error))])
            case .retry(let key, let error, let attempt):
                log.fail(
                    .warning, "retry", subject,
                    [("key", .key(key)), ("attempt", .count(attempt)), ("error", .string(error))])
            case .serverGone(let reason): log.fail(.error, "server-gone", subject, [("error", .string(reason))])
            case .serverBack: log.write(.notice, "server-back", fields)
            case .guarded(let reason): log.fail(.error, "guarded", subject, [("reason", .string(reason))])
            case .deletesPaused(let reason):
                let advice = "minio-sync resume-deletes \(name)"
                log.write(
                    .error, "deletes-paused", fields + [("reason", .string(reason)), ("advice", .string(advice))])
            case .deletesResumed: log.write(.notice, "deletes-resumed", fields)
            }
        }

        private func note(_ report: ObjectReport, _ lag: Duration) {
            if json {
                log.console.print(report.json(bucket: bucket).object)
                log.console.flush()
            }
            var fields = fields
            fields.append(("key", .key(report.key)))
            if let size = report.size { fields.append(("size", .integer(size))) }
            fields.append(("reason", .string(report.reason.rawValue)))
            fields.append(("seconds", .decimal(report.seconds, digits: 3)))
            fields.append(("lag", .seconds(lag)))
            if let error = report.error { fields.append(("error", .string(error))) }
            switch (report.status, report.action) {
            case (.unproven, _): log.write(.warning, "unproven", fields)
            case (.failed, _): log.write(.warning, "failed", fields)
            case (_, .copy): log.write(.info, "copied", fields)
            case (_, .metadata): log.write(.info, "headers-updated", fields)
            case (_, .delete): log.write(.info, "deleted", fields)
            case (_, .skip): log.write(.debug, "same", fields)
            }
        }

        private func note(_ outcome: ReconcileOutcome) {
            // What a guard holds back was told once, and is found again by every poll.
            let extra = outcome.isHeld ? 0 : outcome.extra
            let isQuiet = outcome.reason == .poll && outcome.different + extra == 0
            log.write(
                isQuiet ? .debug : .info, "reconcile-end",
                fields + [
                    ("reason", .string(outcome.reason.rawValue)), ("source_objects", .count(outcome.source.objects)),
                    ("target_objects", .count(outcome.target.objects)), ("marked", .count(outcome.different)),
                    ("extra", .count(outcome.extra)), ("seconds", .decimal(outcome.seconds, digits: 3)),
                ])
        }
    }
}
