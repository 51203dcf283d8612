import Configuration
import Listings
import MirrorEngine
import ObjectModel
import Runtime
import Service

extension MirrorFlags {
    static let command = Command<MirrorFlags>(
        name: "mirror", summary: "make TARGET identical to SOURCE, once or for as long as it runs, and prove it",
        forms: ["SOURCE TARGET", "NAME", "--watch"],
        details: [
            "SOURCE and TARGET are ALIAS (all buckets), ALIAS/BUCKET[/PREFIX] or https://host:port/BUCKET[/PREFIX]. "
                + "NAME is a mirror of the configuration file; flags given here come before its "
                + "own. With --watch and nothing else, all mirrors of the configuration file are kept, in one process.",
            "Exit codes: 0 done and proven; 1 objects failed, differ or stay unproven; 2 usage or configuration; 3 a "
                + "server cannot be reached or refuses; 4 a deletion guard stopped the deletions; 130 interrupted.",
        ],
        groups: [
            changes, watching, Command<MirrorFlags>.filterGroup(reference: "SOURCE"), safety, speed, output, state,
            Command<MirrorFlags>.connectionGroup,
        ], contradictions: [("quiet", "verbose"), ("state", "no-state")])

    /// The flags that a mirror of the configuration file may have.
    static var configurableFlags: [String] { command.flags.filter(\.isConfigurable).map(\.name) }

    private typealias Group = Command<MirrorFlags>.Group

    private static var changes: Group {
        Group(
            title: "What is done",
            flags: [
                .toggle("once", "Mirror once and end (the default)") { $0.once = $1 },
                .toggle("watch", short: "w", "Go on until stopped, as changes come", isConfigurable: false) {
                    $0.watch = $1
                },
                .toggle("remove", "Delete from TARGET what SOURCE does not have") { $0.remove = $1 },
                .toggle("overwrite", "Replace objects that differ (the default)") { $0.overwrite = $1 },
                .toggle("no-overwrite", "Keep objects that differ; they count as unproven") { $0.overwrite = !$1 },
                .choice(
                    "compare",
                    "What tells that objects are the same (default etag); content reads both sides where ETags do not tell, bytes always"
                ) {
                    $0.compare = $1
                },
                .toggle("check-metadata", "Compare headers, metadata and tags of every object, not only of newer ones")
                {
                    $0.checkMetadata = $1
                },
                .toggle("preserve", short: "a", "Accepted for mc users; metadata and tags are always kept") {
                    $0.preserve = $1
                },
                .toggle("dry-run", "Show what would be done and change nothing") { $0.dryRun = $1 },
            ])
    }

    private static var watching: Group {
        Group(
            title: "Watching",
            flags: [
                .choice("events", "How changes are learnt: auto listens where SOURCE can, else polls (default auto)") {
                    $0.watching.events = $1
                },
                interval(
                    "poll-interval",
                    "Time between polls, longer where listings are dear or nothing changes (default 2s)"
                ) { $0.watching.pollInterval = $1 },
                interval(
                    "reconcile-interval", "Time between comparisons of both listings while listening (default 1h)"
                ) { $0.watching.reconcileInterval = $1 },
                .choice("log-format", "Log lines as key=value or as JSON (default text)") { $0.logFormat = $1 },
            ])
    }

    private static var safety: Group {
        Group(
            title: "Safety",
            flags: [
                .parsed(
                    "max-delete", "N|N%",
                    "Delete nothing if more would have to be (default 50%, once more than 100 deletions are due)",
                    expects: "a number of objects or a percentage from above 0% to 100%", { DeletionLimit($0) }
                ) { $0.maxDelete = $1 },
                .toggle("allow-empty-source", "Delete even if SOURCE is empty") { $0.allowEmptySource = $1 },
                .parsed(
                    "trash", "PREFIX", "Keep what is replaced or deleted under this prefix of TARGET's bucket",
                    expects: "a prefix", { $0.isEmpty ? nil : ObjectKey($0) }
                ) { $0.trash = $1 },
                .toggle("skip-errors", "Go on after errors (the default: one object never stops the rest)") {
                    $0.skipErrors = $1
                },
            ])
    }

    private static var speed: Group {
        Group(
            title: "Speed",
            flags: [
                .number("max-workers", "N", 1...10_000, "At most N transfers at a time; by default it adapts") {
                    $0.maxWorkers = $1
                },
                .number("retry", "N", 0...1000, "Try a failed object N times more (default 4)") { $0.retries = $1 },
                .rate("limit-upload", "At most so many bytes a second to TARGET, such as 10MiB") {
                    $0.uploadLimit = $1
                },
                .rate("limit-download", "At most so many bytes a second from SOURCE") { $0.downloadLimit = $1 },
            ])
    }

    private static var output: Group {
        Group(
            title: "Output",
            flags: [
                .toggle("json", "One JSON object a line on standard output, and nothing else there") { $0.json = $1 },
                .toggle("quiet", short: "q", "No progress and no lines for objects that succeed") {
                    $0.verbosity = $1 ? .quiet : .normal
                },
                .toggle("verbose", "Lines for objects that were the same, too") {
                    $0.verbosity = $1 ? .verbose : .normal
                },
                .toggle("debug", "Requests on standard error; never secrets") { $0.debug = $1 },
                .toggle("summary", "End with the summary even when quiet") { $0.summary = $1 },
            ])
    }

    private static var state: Group {
        Group(
            title: "Files",
            flags: [
                .text(
                    "config", "FILE", "Configuration (default \(ConfigurationFile.defaultPath))", isConfigurable: false
                ) {
                    $0.configurationFile = $1
                },
                .text(
                    "state", "FILE",
                    "Where what is learnt is kept between runs (default $XDG_STATE_HOME/minio-sync/state.db, for root "
                        + "/var/lib/minio-sync/state.db)"
                ) { $0.state = .file($1) },
                .toggle("no-state", "Keep nothing between runs") { $0.state = $1 ? .none : .usual },
            ])
    }

    private static func interval(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout MirrorFlags, Duration) -> Void
    ) -> Flag<MirrorFlags> {
        .parsed(
            name, "TIME", help, expects: "a length of time from 100ms to 7d, such as 2s or 30m",
            { DurationText.parse($0).flatMap { (.milliseconds(100))...(.seconds(604_800)) ~= $0 ? $0 : nil } }, set)
    }
}
