import Configuration
import Glibc
import Journal
import MirrorEngine
import Reactor
import Runtime
import S3
import SQLite
import Service

/// `minio-sync mirror --watch`: keeps mirrors until it is told to end.
final class WatchCommand: Sendable {
    private let arguments: MirrorArguments
    private let console: Console
    private let log: WatchLog
    private let wishes = Mutex(Wishes())
    private let mirrors = Mutex<[WatchedMirror]>([])
    private let notifier: ServiceNotifier?

    /// What signals and other commands ask for; done by the loop.
    private struct Wishes {
        var mustEnd = false
        var mustReload = false
        /// Mirrors whose deletions go on.
        var resumed: [WatchedMirror] = []
    }

    /// What may go on after the signal to end, before it is ended too.
    private static let drain = Duration.seconds(15)

    init(_ arguments: MirrorArguments, console: Console) {
        self.arguments = arguments
        self.console = console
        let variables = Environment.process().variables
        notifier = ServiceNotifier(environment: variables, time: Machine.time)
        let isService =
            notifier != nil || JournalStream.isConnected(to: STDERR_FILENO, environment: variables)
        let options = arguments.options
        let level: LogLevel =
            options.debug || options.verbosity == .verbose ? .debug : options.verbosity == .quiet ? .notice : .info
        log = WatchLog(
            Log(
                format: options.logFormat, level: level, hasPriorityPrefix: isService, showsTime: !isService,
                now: { Machine.time.wall() }, write: { console.warn($0) }),
            console: console)
        console.waitForNobody()
    }

    func run() async -> ExitCode {
        do throws(CommandError) {
            let plan = try await WatchPlan(arguments, log.remarks).checked(log.remarks)
            let journal = try await openJournal(plan)
            let control = openControl(plan)
            Signals.whenEnding(
                reload: { [self] in
                    // systemd waits from here on until it is said to be ready again.
                    notifier?.reloading()
                    wishes.withLock { $0.mustReload = true }
                },
                reconcile: { [self] in reconcile([]) },
                { [self] in wishes.withLock { $0.mustEnd = true } })
            let process = WatchedMirror.Process(journal: journal, copyThreads: CopyThreads())
            for error in plan.unusable { log.write(.error, "mirror-unusable", [("error", .string(error.message))]) }
            begin(plan.mirrors, process)
            await look(process)
            await end(journal)
            control?.close()
            return .interrupted
        } catch {
            console.warn("minio-sync: \(error.message)")
            return error.code
        }
    }

    private func openJournal(_ plan: WatchPlan) async throws(CommandError) -> Journal {
        let state = arguments.options.state
        let kept = try await StatePath.open(
            state, configured: plan.configuredState, isDryRun: false, Environment.process())
        if let kept { return kept }
        do throws(DiskError) {
            return try await Journal.temporary()
        } catch {
            throw CommandError(error.description)
        }
    }

    private func openControl(_ plan: WatchPlan) -> ControlServer? {
        do {
            let path = try StatePath.path(
                arguments.options.state, configured: plan.configuredState, Environment.process())
            guard let path else { return nil }
            return try ControlServer(path: StatePath.controlPath(path), time: Machine.time) { [self] in answer($0) }
        } catch {
            log.write(
                .warning, "notice",
                [("text", .string("minio-sync status, reconcile and resume-deletes cannot reach this watch: \(error)"))]
            )
            return nil
        }
    }

    // MARK: Mirrors

    private func begin(_ plans: [(name: String, plan: MirrorPlan)], _ process: WatchedMirror.Process) {
        // Before the first of them, so that all of them get the threads that one of them is worth.
        _ = process.copyThreads.all(usesTLS: plans.contains { $0.plan.usesTLS })
        for (name, plan) in plans {
            let mirror = WatchedMirror(name, plan, process, log: log)
            mirrors.withLock { $0.append(mirror) }
            log.write(
                .notice, "start",
                [
                    ("mirror", .string(name)), ("source", .text(plan.source)), ("target", .text(plan.target)),
                    ("remove", .boolean(plan.options.remove)), ("version", .string(Version.text)),
                ])
            mirror.start()
        }
    }

    /// Takes over a changed configuration: mirrors that changed or went end, and new ones begin; the others go on.
    private func reload(_ process: WatchedMirror.Process) async {
        do throws(CommandError) {
            let plan = try await WatchPlan(arguments, log.remarks).checked(log.remarks)
            if let error = plan.unusable.first { throw error }
            let known = mirrors.withLock { $0 }
            let gone = known.filter { mirror in
                !plan.mirrors.contains { $0.name == mirror.name && $0.plan.signature == mirror.plan.signature }
            }
            mirrors.withLock { mirrors in mirrors.removeAll { mirror in gone.contains { $0 === mirror } } }
            await withDiscardingTaskGroup { group in
                for mirror in gone { group.addTask { await mirror.stop(patience: Self.drain) } }
            }
            for mirror in gone { log.write(.notice, "stop", [("mirror", .string(mirror.name))]) }
            let kept = Set(mirrors.withLock { $0.map(\.name) })
            begin(plan.mirrors.filter { !kept.contains($0.name) }, process)
            log.write(.notice, "reloaded", [("mirrors", .count(plan.mirrors.count))])
        } catch {
            log.write(
                .error, "reload-failed",
                [("error", .string(error.message)), ("text", "the configuration of before stays in force")])
        }
    }

    /// Looks after the mirrors until it is told to end.
    private func look(_ process: WatchedMirror.Process) async {
        var report = ServiceReport(notifier)
        var ticks = 0
        var idle = IdleWatch()
        while !wishes.withLock({ $0.mustEnd }) {
            let (mustReload, resumed) = wishes.withLock { wishes in
                defer { (wishes.mustReload, wishes.resumed) = (false, []) }
                return (wishes.mustReload, wishes.resumed)
            }
            for mirror in resumed { await mirror.resumeDeletes() }
            if mustReload {
                await reload(process)
                if report.isReady { notifier?.ready() }
            }
            let mirrors = mirrors.withLock { $0 }
            report.look(at: mirrors)
            if ticks % 10 == 0 {
                log.summarise()
                noteDropped()
                if idle.mustGiveBack(mirrors.reduce(0) { $0 &+ $1.progress.count }) { Memory.giveBack() }
            }
            if ticks % 120 == 119 { logLag(mirrors) }
            ticks += 1
            await Machine.time.sleep(for: .milliseconds(500))
        }
    }

    private func noteDropped() {
        let count = console.takeDropped()
        guard count > 0 else { return }
        let lines = count == 1 ? "1 line was" : "\(count) lines were"
        log.write(
            .warning, "notice",
            [("text", .string("\(lines) dropped here: nobody read them, or they could not be written"))])
    }

    private func logLag(_ mirrors: [WatchedMirror]) {
        for mirror in mirrors {
            for standing in mirror.standings {
                let status = standing.status
                guard status.pending > 0 || status.heldDeletes > 0 || status.deletesPaused != nil else { continue }
                var fields: [(String, LogValue)] = [("mirror", .string(mirror.name))]
                if let bucket = standing.bucket { fields.append(("bucket", .string(bucket))) }
                fields += [
                    ("state", .string(status.word)), ("lag", .seconds(status.lag ?? .zero)),
                    ("pending", .count(status.pending)), ("retrying", .count(status.retrying)),
                    ("poisoned", .count(status.poisoned)), ("held_deletes", .count(status.heldDeletes)),
                ]
                if let moment = status.lastIdentical { fields.append(("last_identical", .time(moment))) }
                log.write(.warning, "lag", fields)
            }
        }
    }

    private func end(_ journal: Journal) async {
        notifier?.stopping()
        let mirrors = mirrors.withLock { $0 }
        log.write(.notice, "ending", [("mirrors", .count(mirrors.count))])
        await withDiscardingTaskGroup { group in
            for mirror in mirrors { group.addTask { await mirror.stop(patience: Self.drain) } }
        }
        await journal.close()
        log.end()
        log.write(.notice, "ended")
    }

    // MARK: Other commands

    private func reconcile(_ names: [String]) {
        for mirror in named(names) { mirror.requestReconcile() }
    }

    private func named(_ names: [String]) -> [WatchedMirror] {
        mirrors.withLock { mirrors in mirrors.filter { names.isEmpty || names.contains($0.name) } }
    }

    /// Called on the control socket's thread.
    private func answer(_ request: ControlRequest) -> String {
        var answer = JSONText()
        let known = mirrors.withLock { $0.map(\.name) }
        if let missing = request.mirrors.first(where: { !known.contains($0) }) {
            let names = known.joined(separator: ", ")
            answer.set("error", "This watch keeps no mirror \"\(missing)\"; it keeps \(names).")
            return answer.object
        }
        let mirrors = named(request.mirrors)
        switch request.command {
        case "status": answer.set("lines", mirrors.flatMap(Self.lines))
        case "status-json": answer.set("lines", mirrors.flatMap(Self.objects))
        case "reconcile":
            for mirror in mirrors { mirror.requestReconcile() }
            answer.set("lines", mirrors.map { "\($0.name): comparing both listings now" })
        case "resume-deletes":
            wishes.withLock { $0.resumed += mirrors }
            answer.set("lines", mirrors.map { "\($0.name): deletions go on" })
        default: answer.set("error", "This watch knows no \"\(request.command)\"; it may be of another version.")
        }
        return answer.object
    }

    private static func lines(_ mirror: WatchedMirror) -> [String] {
        if let failure = mirror.failure { return ["\(mirror.name): its buckets cannot be listed: \(failure)"] }
        return mirror.standings.map { standing in
            standing.status.line(standing.bucket.map { "\(mirror.name)/\($0)" } ?? mirror.name)
        }
    }

    private static func objects(_ mirror: WatchedMirror) -> [String] {
        mirror.standings.map { standing in
            standing.status.json(
                mirror: mirror.name, bucket: standing.bucket, source: mirror.plan.source.text,
                target: mirror.plan.target.text
            ).object
        }
    }
}
