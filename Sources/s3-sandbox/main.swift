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
    if !arguments.isQuiet {
        let line = Array("listening on \(server.url)\n".utf8)
        unsafe _ = write(STDOUT_FILENO, line, line.count)
    }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGINT)
    unsafe sigaddset(&signals, SIGTERM)
    var received: Int32 = 0
    while unsafe sigwait(&signals, &received) != 0 {}
    server.stop()
}

// Blocked before any thread exists, so that every thread inherits it and only sigwait takes them.
var blocked = sigset_t()
unsafe sigemptyset(&blocked)
unsafe sigaddset(&blocked, SIGINT)
unsafe sigaddset(&blocked, SIGTERM)
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
