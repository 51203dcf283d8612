import Glibc
import S3Sandbox

/// Ends the process with a sentence on stderr; 2 is wrong usage, 3 a server that cannot be started.
func fail(_ message: String, status: Int32) -> Never {
    let line = Array("s3-sandbox: \(message)\n".utf8)
    unsafe _ = write(STDERR_FILENO, line, line.count)
    exit(status)
}

/// What a script says; one that cannot be understood is wrong usage.
func parsed<Value>(_ what: String, _ read: () throws -> Value) throws -> Value {
    do {
        return try read()
    } catch let error as ScriptError {
        throw Arguments.Failure(message: "\(what) cannot be used: \(error); see --help.")
    }
}

/// Prints one line on stdout.
func tell(_ text: String) {
    let line = Array("\(text)\n".utf8)
    unsafe _ = write(STDOUT_FILENO, line, line.count)
}

/// The signals that only `run` takes.
func awaitedSignals() -> sigset_t {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGUSR1] { unsafe sigaddset(&signals, signal) }
    return signals
}

func run(_ arguments: Arguments) throws {
    var options = arguments.options
    if let text = arguments.behaviour {
        let json = text.hasPrefix("@") ? try Sandbox.readFile(String(text.dropFirst())) : Array(text.utf8)
        options.behaviour = try parsed("--behaviour") { try Behaviour.decode(json, over: options.behaviour) }
    }
    if let path = arguments.faultsFile {
        let json = try Sandbox.readFile(path)
        options.faults = try parsed("--faults \(path)") { try FaultRule.decode(json) }
    }
    let server = try Sandbox.start(options)
    if !arguments.isQuiet { tell("listening on \(server.url)") }
    var signals = awaitedSignals()
    var received: Int32 = 0
    while true {
        guard unsafe sigwait(&signals, &received) == 0 else { continue }
        guard received == SIGUSR1 else { break }
        tell(server.requests.totals.line)
    }
    server.stop()
    if !arguments.isQuiet { tell(server.requests.totals.line) }
}

// Blocked before any thread exists, so that every thread inherits it and only sigwait takes them.
var blocked = awaitedSignals()
unsafe pthread_sigmask(SIG_BLOCK, &blocked, nil)
signal(SIGPIPE, SIG_IGN)

do {
    let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
    if arguments.wantsHelp {
        print("\(Arguments.usage)\n\n\(FaultRule.help)")
    } else {
        try run(arguments)
    }
} catch let failure as Arguments.Failure {
    fail(failure.message, status: 2)
} catch {
    fail("\(error)", status: 3)
}
