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
                mirrorFlags: MirrorOptions.configurableFlags)
            let directory = ServerDirectory(file: file, environment: environment)
            let report = ConfigurationReport(directory) { mirror throws(ConfigurationError) in
                do throws(UsageError) {
                    try MirrorOptions(mirror).validate()
                } catch {
                    throw ConfigurationError(
                        "The mirror \(mirror.name) cannot be used", why: error.description,
                        advice: "correct it in \(mirror.file), line \(mirror.line)")
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
}
