import Glibc
import Reactor
import Runtime
import Stores

// The process: reads the command line, runs one command on a reactor, and ends with its exit code. Signals are blocked
// here, before any thread starts, and taken by one thread of their own.

signal(SIGPIPE, SIG_IGN)
// A slip of SIGUSR1 must not end a watch.
signal(SIGUSR2, SIG_IGN)
Signals.block()
AdviceWords.use(AdviceInFlags.words)
ProgramWords.use(AdviceInFlags.programWords)

let console = Console()

do throws(UsageError) {
    let invocation = try Invocation(Array(CommandLine.arguments.dropFirst()))
    switch invocation {
    case .help(let text):
        console.print(text, terminator: "")
        console.exit(.done)
    case .version:
        console.print("minio-sync \(Version.text)")
        console.exit(.done)
    case .mirror(let arguments) where arguments.options.watch:
        run { await WatchCommand(arguments, console: console).run() }
    case .mirror(let arguments): run { await MirrorCommand(arguments, console: console).run() }
    case .control(let arguments): console.exit(ControlCommand(arguments, console: console).run())
    case .audit(let arguments): run { await AuditCommand(arguments, console: console).run() }
    case .list(let arguments): run { await ListCommand(arguments, console: console).run() }
    case .configCheck(let options): console.exit(ConfigCheckCommand(options, console: console).run())
    }
} catch {
    console.warn("minio-sync: \(error)")
    console.exit(.usage)
}

/// Runs a command on a reactor of its own while this thread waits, and ends the process with its exit code.
func run(_ command: @escaping @Sendable () async -> ExitCode) -> Never {
    do throws(CommandError) {
        try DescriptorLimit.check()
    } catch {
        console.warn("minio-sync: \(error.message)")
        console.exit(error.code)
    }
    let reactor = Reactor()
    let ended = Semaphore()
    let console = console
    let body: @Sendable () async -> Void = {
        let code = await command()
        console.flush()
        console.exit(code)
    }
    Task(executorPreference: reactor, operation: body)
    while true { ended.wait() }
}
