import Configuration
import Runtime

/// The command line of what is asked of a running watch.
struct ControlArguments: Hashable, Sendable {
    enum Action: String, Hashable, Sendable, CaseIterable {
        case status
        case reconcile
        case resumeDeletes = "resume-deletes"
    }

    let action: Action
    /// Names of mirrors; empty for all.
    let mirrors: [String]
    let options: ControlFlags

    init(_ action: Action, _ reading: Command<ControlFlags>.Reading) throws(UsageError) {
        self.action = action
        mirrors = reading.positionals
        var options = ControlFlags()
        try ControlFlags.command(action).apply(reading.uses, to: &options)
        self.options = options
    }
}

struct ControlFlags: Hashable, Sendable {
    var json = false
    var state = MirrorFlags.State.usual
    var configurationFile: String?

    static func command(_ action: ControlArguments.Action) -> Command<ControlFlags> {
        let (summary, details) = texts(action)
        var flags: [Flag<ControlFlags>] = [
            .text("config", "FILE", "Configuration that the watch was started with") { $0.configurationFile = $1 },
            .text("state", "FILE", "State file that the watch was started with") { $0.state = .file($1) },
        ]
        if action == .status {
            flags.append(.toggle("json", "One JSON object a line for each mirror") { $0.json = $1 })
        }
        return Command(
            name: action.rawValue, summary: summary, forms: ["[NAME …]"], details: [details],
            groups: [Command<ControlFlags>.Group(title: "Options", flags: flags)])
    }

    private static func texts(_ action: ControlArguments.Action) -> (summary: String, details: String) {
        let names = "Without a NAME, all mirrors of the running watch are meant."
        return switch action {
        case .status:
            (
                "show how far behind the replicas of a running watch are",
                "For each mirror: whether changes are heard of, the age of the oldest one that is not yet on the target, "
                    + "what waits and what fails, and as of when both sides were identical. \(names)"
            )
        case .reconcile:
            (
                "have a running watch compare both listings now",
                "It is told to, and goes on by itself; its log and status say how it ended. \(names)"
            )
        case .resumeDeletes:
            (
                "let a running watch delete what its guards held back",
                "Look first at why (minio-sync status): a source that lost its data looks as if everything had "
                    + "been deleted. \(names)"
            )
        }
    }
}
