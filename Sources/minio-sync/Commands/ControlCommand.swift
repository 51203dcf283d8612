import Configuration
import FoundationEssentials
import Runtime
import Service

/// `minio-sync status`, `reconcile` and `resume-deletes`: asks a running watch.
struct ControlCommand {
    private let arguments: ControlArguments
    private let console: Console

    init(_ arguments: ControlArguments, console: Console) {
        self.arguments = arguments
        self.console = console
    }

    func run() -> ExitCode {
        do {
            let environment = Environment.process()
            let file = try ConfigurationFile.load(
                path: arguments.options.configurationFile, environment: environment,
                mirrorFlags: MirrorFlags.configurableFlags)
            guard
                let state = try StatePath.path(arguments.options.state, configured: file.state, environment)
            else { throw CommandError("A watch without state cannot be asked; send it SIGUSR1 for a reconcile.") }
            let action = arguments.options.json ? "\(arguments.action.rawValue)-json" : arguments.action.rawValue
            let answer = try ControlClient.ask(
                path: StatePath.controlPath(state), ControlRequest(command: action, mirrors: arguments.mirrors),
                timeout: .seconds(10), time: Machine.time)
            let reply = try JSONDecoder().decode(ControlReply.self, from: Data(answer.utf8))
            for line in reply.lines ?? [] { console.print(line) }
            guard let error = reply.error else { return .done }
            console.warn("minio-sync: \(error)")
            return .usage
        } catch let error as CommandError {
            console.warn("minio-sync: \(error.message)")
            return error.code
        } catch let error as ControlError {
            console.warn("minio-sync: \(error)")
            return .serverGone
        } catch {
            console.warn("minio-sync: \(error)")
            return .usage
        }
    }
}

/// What a running watch answers.
struct ControlReply: Decodable {
    /// To print, in this order.
    var lines: [String]?
    /// Why it could not be done, one sentence.
    var error: String?
}
