import Configuration
import Runtime

/// `minio-sync config check`.
struct ConfigCheckCommand {
    private let options: ConfigCheckOptions
    private let console: Console

    init(_ options: ConfigCheckOptions, console: Console) {
        self.options = options
        self.console = console
    }

    func run() -> ExitCode {
        let environment = Environment.process()
        do throws(ConfigurationError) {
            let file = try ConfigurationFile.load(
                path: options.configurationFile, environment: environment,
                mirrorFlags: MirrorFlags.configurableFlags)
            let directory = ServerDirectory(file: file, environment: environment)
            var shared = SharedTarget()
            let report = ConfigurationReport(directory) { mirror throws(ConfigurationError) in
                do throws(UsageError) {
                    try MirrorFlags(mirror).validate()
                } catch {
                    throw ConfigurationError(
                        "The mirror \(mirror.name) cannot be used", why: Self.clause(error.description),
                        advice: "correct it in \(mirror.file), line \(mirror.line)")
                }
                if let one = SharedTarget.Mirror(mirror, directory), let objection = shared.objection(to: one) {
                    throw ConfigurationError(
                        "The mirror \(mirror.name) cannot run beside the others", why: objection,
                        advice: "see \(mirror.file), line \(mirror.line)")
                }
            }
            if options.json {
                console.print(report.json.object)
            } else {
                for line in report.lines { console.print(line) }
            }
            return report.errors.isEmpty ? .done : .usage
        } catch {
            console.warn("minio-sync: \(error)")
            return .usage
        }
    }

    /// A sentence as a part of another one.
    private static func clause(_ sentence: String) -> String {
        sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}
