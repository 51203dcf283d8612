import Configuration
import Glibc
import Journal
import SQLite

/// Where state is kept between runs.
enum StatePath {
    /// The file, unless a flag or the configuration names one: below `$XDG_STATE_HOME`, else in `/var/lib/minio-sync` for
    /// root, else in `~/.local/state`, which is what `XDG_STATE_HOME` means when it is not set.
    static func defaultPath(_ environment: Environment) -> String? {
        let variables = environment.variables
        if let home = variables["XDG_STATE_HOME"], home.hasPrefix("/") { return "\(home)/minio-sync/state.db" }
        if geteuid() == 0 { return "/var/lib/minio-sync/state.db" }
        return variables["HOME"].map { "\($0)/.local/state/minio-sync/state.db" }
    }

    /// The file that the options ask for; nil for none.
    static func path(
        _ state: MirrorFlags.State, configured: String?, _ environment: Environment
    ) throws(CommandError) -> String? {
        switch state {
        case .none: return nil
        case .file(let file): return file
        case .usual:
            guard let path = configured ?? defaultPath(environment) else {
                throw CommandError(
                    "There is no place for state: HOME is not set; name a file with --state, or say --no-state.")
            }
            return path
        }
    }

    /// Where a watch with this state file answers other commands.
    static func controlPath(_ stateFile: String) -> String { "\(stateFile).sock" }

    /// Opens the state that the options ask for; nil for none. A dry run makes no file.
    static func open(
        _ state: MirrorFlags.State, configured: String?, isDryRun: Bool, _ environment: Environment
    ) async throws(CommandError) -> Journal? {
        guard let path = try path(state, configured: configured, environment) else { return nil }
        if isDryRun, unsafe access(path, F_OK) != 0 { return nil }
        do throws(DiskError) {
            return try await Journal.open(path: path)
        } catch {
            throw CommandError(error.description)
        }
    }
}
