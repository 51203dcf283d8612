import Configuration
import Glibc
import Journal
import MirrorEngine
import ObjectModel
import Reactor
import Runtime
import S3
import Stores

/// `minio-sync mirror`: one bucket or prefix, or all buckets of a server, once.
final class MirrorCommand: Sendable {
    private let arguments: MirrorArguments
    private let console: Console
    private let current = Mutex(Current())

    private struct Current {
        var check: Task<Void, any Error>?
        var run: MirrorRun?
        var isInterrupted = false
    }

    init(_ arguments: MirrorArguments, console: Console) {
        self.arguments = arguments
        self.console = console
    }

    func run() async -> ExitCode {
        do throws(CommandError) {
            let plan = try MirrorPlan(arguments, console: console)
            Signals.whenEnding { [self] in interrupt() }
            try await checkServers(plan)
            let journal = try await StatePath.open(
                plan.options.state, configured: plan.configuredState, isDryRun: plan.options.dryRun, plan.environment)
            let summary = try await mirror(plan, journal)
            await journal?.close()
            return ExitCode(summary)
        } catch {
            console.warn("minio-sync: \(error.message)")
            return error.code
        }
    }

    private func interrupt() {
        let (check, run) = current.withLock { current in
            current.isInterrupted = true
            return (current.check, current.run)
        }
        check?.cancel()
        run?.interrupt()
    }

    /// In a task of its own, which a signal can end.
    private func checkServers(_ plan: MirrorPlan) async throws(CommandError) {
        let body: @Sendable () async throws -> Void = { [console] in try await plan.checkServers(Remarks(console)) }
        let task = Task(executorPreference: Reactor.required(), operation: body)
        let isInterrupted = current.withLock { current in
            current.check = task
            return current.isInterrupted
        }
        if isInterrupted { task.cancel() }
        if case .failure(let error as CommandError) = await task.result { throw error }
    }

    // MARK: Buckets

    private func mirror(_ plan: MirrorPlan, _ journal: Journal?) async throws(CommandError) -> MirrorSummary {
        let report = MirrorReport(plan.options, console: console)
        let pairs: [MirrorPlan.Pair]
        do throws(CommandError) {
            pairs = try await plan.pairs(console)
        } catch {
            guard error.code == .serverGone else { throw error }
            var summary = MirrorSummary()
            summary.status = .failed
            summary.isServerGone = true
            summary.error = error.message
            console.warn("minio-sync: \(error.message)")
            report.end(summary, source: plan.source.text, target: plan.target.text)
            return summary
        }
        let engine = Engine(plan, journal)
        var total: MirrorSummary?
        for pair in pairs {
            if current.withLock({ $0.isInterrupted }) { break }
            report.begin(bucket: plan.coversBuckets ? pair.bucket : nil)
            let summary = await mirror(pair, engine, report)
            if let error = summary.error { console.warn("minio-sync: \(error)") }
            total = total.map { $0 + summary } ?? summary
            if summary.isServerGone, !plan.coversBuckets { break }
        }
        var summary = total ?? MirrorSummary()
        if current.withLock({ $0.isInterrupted }) { summary.status = .interrupted }
        report.end(summary, source: plan.source.text, target: plan.target.text)
        return summary
    }

    /// What all buckets of one command share.
    private struct Engine {
        let options: MirrorOptions
        let journal: Journal?
        /// Seven relays at once, or 224 small objects.
        let budget = ByteBudget(capacity: 14 << 20)
        let reactors: [Reactor]

        init(_ plan: MirrorPlan, _ journal: Journal?) {
            options = plan.engineOptions
            self.journal = journal
            reactors = CopyThreads().all(usesTLS: plan.usesTLS)
        }
    }

    private func mirror(_ pair: MirrorPlan.Pair, _ engine: Engine, _ report: MirrorReport) async -> MirrorSummary {
        let run = MirrorRun(
            source: pair.source, target: pair.target, options: engine.options, journal: engine.journal,
            budget: engine.budget, surroundings: Machine.surroundings, executors: engine.reactors,
            observer: report.observe)
        let isInterrupted = current.withLock { current in
            current.run = run
            return current.isInterrupted
        }
        if isInterrupted { run.interrupt() }
        let ticker = report.startTicker(run)
        let summary = await run.run()
        ticker.cancel()
        await ticker.value
        return summary
    }
}
