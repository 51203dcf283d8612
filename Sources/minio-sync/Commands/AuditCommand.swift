import Audit
import Configuration
import Glibc
import Listings
import ObjectModel
import Reactor
import Runtime
import S3
import S3Store
import Stores

/// `minio-sync audit`: are these places identical, yes or no.
final class AuditCommand: Sendable {
    private let arguments: AuditArguments
    private let console: Console
    private let current = Mutex(Current())

    private struct Current {
        var run: AuditRun?
        var task: Task<AuditRun.Outcome, Never>?
        var isInterrupted = false
    }

    init(_ arguments: AuditArguments, console: Console) {
        self.arguments = arguments
        self.console = console
    }

    private var options: AuditFlags { arguments.options }

    func run() async -> ExitCode {
        do {
            let plan = try AuditPlan(arguments, console: console)
            let reports = try AuditReports(arguments, console: console)
            Signals.whenEnding { [self] in interrupt() }
            let unanswered = try await plan.checkServers(plan.twins, within: .seconds(5))
            let ticker = startTicker()
            let summary = await audit(plan, reports)
            ticker.cancel()
            await ticker.value
            try await plan.checkServers(unanswered, after: summary)
            let code = Self.exitCode(summary, options)
            if code == .done, let text = Self.acceptance(summary, options) { reports.take(.notice(text)) }
            try reports.finish(summary)
            return code
        } catch let error as CommandError {
            // Who closed standard output has seen enough.
            if !error.message.isEmpty { console.warn("minio-sync: \(error.message)") }
            return error.code
        } catch {
            console.warn("minio-sync: \(error)")
            return .failed
        }
    }

    private func interrupt() {
        let task = current.withLock { current in
            current.isInterrupted = true
            return current.task
        }
        task?.cancel()
    }

    // MARK: Buckets

    private func audit(_ plan: AuditPlan, _ reports: AuditReports) async -> AuditSummary {
        let began = Machine.time.now()
        var summary = AuditSummary()
        summary.start = Machine.time.wall()
        summary.places = plan.names.map { AuditSummary.Place(name: $0) }
        summary.isSelective = plan.isSelective
        // A manifest has no packages.
        var book = PackageBook(places: arguments.places.map(\.text), expectations: plan.expectations)
        var repair = RepairPlan(
            places: plan.names, flags: arguments.connection + arguments.scope, isManifest: options.manifest != nil)
        let (buckets, holders) = await buckets(plan, &summary, reports)
        for bucket in buckets {
            if current.withLock({ $0.isInterrupted }) {
                summary.noteInterrupt()
                break
            }
            let outcome = await audit(plan, bucket, book, repair, reports)
            (book, repair) = (outcome.book, outcome.repair)
            summary.add(outcome.summary)
            // Otherwise its keys tell, or filters left them out.
            guard let bucket, outcome.summary.compared == 0, !plan.isSelective,
                let finding = Finding(bucket: bucket, places: plan.names, holders: holders)
            else { continue }
            summary.count(finding)
            repair.add(finding)
            reports.take(.finding(finding))
        }
        let unreached = Set(summary.places.filter { $0.error != nil }.map(\.name))
        for finding in book.findings(without: unreached) {
            summary.packages += 1
            summary.packageProblems += finding.problems.count
            if !finding.isMet { summary.unmetExpectations += 1 }
            reports.take(.packages(finding))
        }
        if options.repairPlan { for line in repair.lines(without: unreached) { reports.take(.repair(line)) } }
        summary.requests = plan.requestCounts()
        summary.seconds = Double(Machine.time.now() - began) / 1e9
        summary.isInterrupted = summary.isInterrupted || current.withLock { $0.isInterrupted }
        summary.status = summary.concluded
        return summary
    }

    /// The buckets to audit, nil standing for the ones that the places name, and those of each server. A server that cannot
    /// tell its own is out.
    private func buckets(
        _ plan: AuditPlan, _ summary: inout AuditSummary, _ reports: AuditReports
    ) async -> (names: [String?], holders: [Set<String>?]) {
        guard plan.coversBuckets else { return ([nil], []) }
        var holders: [Set<String>?] = []
        for (index, client) in plan.clients.enumerated() {
            do throws(S3Error) {
                holders.append(Set(try await client.listBuckets().map(\.name)))
            } catch {
                holders.append(nil)
                summary.places[index].error = StoreError(error).description
                plan.leaveOut(index)
            }
        }
        let names = holders.compactMap(\.self).reduce(into: Set<String>()) { $0.formUnion($1) }
        return (names.sorted().map(Optional.some), holders)
    }

    private func audit(
        _ plan: AuditPlan, _ bucket: String?, _ book: PackageBook, _ repair: RepairPlan, _ reports: AuditReports
    ) async -> AuditRun.Outcome {
        let run = AuditRun(
            places: plan.places(bucket), options: plan.engineOptions(bucket), executors: plan.reactors,
            surroundings: Machine.surroundings, observer: { reports.take($0) })
        let body: @Sendable () async -> AuditRun.Outcome = { await run.run(book: book, repair: repair) }
        let task = Task(executorPreference: Reactor.required(), operation: body)
        let isInterrupted = current.withLock { current in
            current.run = run
            current.task = task
            return current.isInterrupted
        }
        if isInterrupted { task.cancel() }
        return await task.value
    }

    // MARK: The end

    /// What the process ends with.
    ///
    /// | | code |
    /// |---|---|
    /// | interrupted | 130 |
    /// | a place could not be read to its end | 3 |
    /// | a key could not be looked at, or an expectation is not met, or no key is in scope of those that were meant | 1 |
    /// | what `--fail-on` names was found | 1 |
    /// | else | 0 |
    static func exitCode(_ summary: AuditSummary, _ options: AuditFlags) -> ExitCode {
        if summary.isInterrupted { return .interrupted }
        if summary.places.contains(where: { $0.error != nil }) { return .serverGone }
        if summary.errors > 0 || summary.unmetExpectations > 0 || summary.isAboutNothing { return .failed }
        let found: [(AuditFlags.Failure, Bool)] = [
            (.differ, summary.isAnywhere(.differs)),
            (.missing, Double(summary.onAnyPlace[.missing] ?? 0) > options.tolerance * Double(summary.compared)),
            (.extra, summary.isAnywhere(.extra)),
            (.unverifiable, summary.isAnywhere(.unverifiable)),
            (.apk, summary.packageProblems > 0),
        ]
        return found.contains { $0.1 && options.failOn?.contains($0.0) ?? true } ? .failed : .done
    }

    /// Why the exit code is 0 all the same; nil where nothing had to be accepted.
    private static func acceptance(_ summary: AuditSummary, _ options: AuditFlags) -> String? {
        guard summary.status != .identical else { return nil }
        var flags: [String] = []
        if options.failOn != nil { flags.append("--fail-on") }
        if options.tolerance > 0 { flags.append("--tolerance") }
        return "What was found is accepted by \(flags.joined(separator: " and ")): the exit code is 0."
    }

    // MARK: Progress

    private func startTicker() -> Task<Void, Never> {
        let isLive = console.isTerminal
        let body: @Sendable () async -> Void = { [self] in
            var ticks = 0
            while !Task.isCancelled {
                await Machine.time.sleep(for: .milliseconds(250))
                if Task.isCancelled { break }
                ticks += 1
                guard !options.quiet, let run = current.withLock({ $0.run }) else { continue }
                let line = Self.line(run.progress)
                if isLive {
                    console.showLive(line)
                } else if ticks % 40 == 0 {
                    console.warn("minio-sync: \(line)")
                }
            }
        }
        return Task(executorPreference: Reactor.required(), operation: body)
    }

    private static func line(_ progress: AuditProgress) -> String {
        guard progress.isListed else { return "\(progress.listed) keys compared" }
        let read = progress.bytesRead > 0 ? ", \(ByteSize.format(progress.bytesRead)) read" : ""
        return "\(progress.listed) keys compared, \(progress.examined) of \(progress.toExamine) looked at\(read)"
    }
}
