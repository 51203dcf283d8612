import Configuration
import Listings
import MirrorEngine
import ObjectModel
import Service
import Testing

@testable import minio_sync

@Suite("The command line")
struct ArgumentsTests {
    private func mirror(_ arguments: String...) throws -> MirrorArguments {
        guard case .mirror(let parsed) = try Invocation(["mirror"] + arguments) else {
            throw UsageError("not a mirror")
        }
        return parsed
    }

    @Test("takes two places, or the name of a mirror")
    func jobs() throws {
        #expect(
            try mirror("main/apks", "standby/apks").job
                == .places(source: Place("main/apks"), target: Place("standby/apks")))
        #expect(try mirror("main", "./copy").job == .places(source: Place("main"), target: Place("./copy")))
        #expect(try mirror("nightly", "--dry-run").job == .named("nightly"))
        #expect(try mirror("--", "a", "./--b").job == .places(source: Place("a"), target: Place("./--b")))
    }

    @Test("takes nothing but --watch for all mirrors of the configuration file")
    func allMirrors() throws {
        #expect(try mirror("--watch").job == .all)
        #expect(try mirror("-w", "--remove", "--log-format=json").job == .all)
        #expect(try mirror("nightly", "--watch").job == .named("nightly"))
        #expect(try mirror("a", "b", "-w").options.watch)
        #expect(throws: UsageError.self) { try mirror("--once") }
        #expect(throws: UsageError.self) { try mirror("--remove") }
    }

    @Test("starts from a mirror that replaces, deletes nothing and compares ETags")
    func defaults() throws {
        let options = try mirror("a", "b").options
        #expect(options == MirrorFlags())
        #expect(options.overwrite)
        #expect(!options.remove)
        #expect(options.compare == .etag)
        #expect(options.filter == .everything)
    }

    struct Case: Sendable {
        var arguments: [String]
        var expected: @Sendable (inout MirrorFlags) -> Void

        init(_ arguments: String..., expected: @escaping @Sendable (inout MirrorFlags) -> Void) {
            self.arguments = arguments
            self.expected = expected
        }
    }

    @Test(
        "sets what each flag says and nothing else",
        arguments: [
            Case("--once") { $0.once = true }, Case("--watch") { $0.watch = true }, Case("-w") { $0.watch = true },
            Case("-wq") { ($0.watch, $0.verbosity) = (true, .quiet) },
            Case("--watch", "--events", "poll") { ($0.watch, $0.watching.events) = (true, .poll) },
            Case("--events=auto") { _ in }, Case("--events", "listen") { $0.watching.events = .listen },
            Case("--poll-interval", "500ms") { $0.watching.pollInterval = .milliseconds(500) },
            Case("--poll-interval=100ms") { $0.watching.pollInterval = .milliseconds(100) },
            Case("--reconcile-interval", "30m") { $0.watching.reconcileInterval = .seconds(1800) },
            Case("--reconcile-interval=7d") { $0.watching.reconcileInterval = .seconds(604_800) },
            Case("--log-format", "json") { $0.logFormat = .json }, Case("--log-format=text") { _ in },
            Case("--remove") { $0.remove = true }, Case("--overwrite") { _ in },
            Case("--no-overwrite") { $0.overwrite = false }, Case("--no-overwrite", "--overwrite") { _ in },
            Case("--older-than", "7d") { $0.olderThan = .ago(milliseconds: 604_800_000) },
            Case("--newer-than=1970-01-02") { $0.newerThan = .moment(Timestamp(seconds: 86_400)) },
            Case("--storage-class", "standard,GLACIER", "--storage-class=X_1") {
                $0.storageClasses = ["STANDARD", "GLACIER", "X_1"]
            },
            Case("--dry-run") { $0.dryRun = true }, Case("--json") { $0.json = true },
            Case("--quiet") { $0.verbosity = .quiet }, Case("-q") { $0.verbosity = .quiet },
            Case("-qa") { ($0.verbosity, $0.preserve) = (.quiet, true) },
            Case("--verbose") { $0.verbosity = .verbose }, Case("--debug") { $0.debug = true },
            Case("--max-workers", "8") { $0.maxWorkers = 8 }, Case("--retry", "0") { $0.retries = 0 },
            Case("--summary") { $0.summary = true }, Case("--skip-errors") { $0.skipErrors = true },
            Case("--limit-upload", "10MiB") { $0.uploadLimit = 10_485_760 },
            Case("--limit-download=1.5MB") { $0.downloadLimit = 1_500_000 },
            Case("--preserve") { $0.preserve = true }, Case("-a") { $0.preserve = true },
            Case("--region", "eu-west-1") { $0.connection.region = "eu-west-1" },
            Case("--insecure") { $0.connection.insecure = true },
            Case("--ca-file", "-") { $0.connection.caFile = "-" },
            Case("--client-certificate", "c.pem", "--client-key", "k.pem") {
                ($0.connection.clientCertificate, $0.connection.clientKey) = ("c.pem", "k.pem")
            },
            Case("--compare", "content") { $0.compare = .content },
            Case("--check-metadata") { $0.checkMetadata = true },
            Case("--remove", "--max-delete", "10") { ($0.remove, $0.maxDelete) = (true, .objects(10)) },
            Case("--remove", "--max-delete=2.5%") { ($0.remove, $0.maxDelete) = (true, .percent(2.5)) },
            Case("--allow-empty-source") { $0.allowEmptySource = true },
            Case("--trash", "old/") { $0.trash = "old/" }, Case("--state", "s.db") { $0.state = .file("s.db") },
            Case("--no-state") { $0.state = .none }, Case("--config", "c.yaml") { $0.configurationFile = "c.yaml" },
            Case("--connect-timeout", "30s") { $0.connection.connectTimeout = .seconds(30) },
            Case("--first-byte-timeout", "2m") { $0.connection.firstByteTimeout = .seconds(120) },
            Case("--stall-timeout", "500ms") { $0.connection.stallTimeout = .milliseconds(500) },
            Case("--path-style", "off") { $0.connection.pathStyle = .off },
        ])
    func flags(flag: Case) throws {
        var expected = MirrorFlags()
        flag.expected(&expected)
        guard case .mirror(let before) = try Invocation(["mirror"] + flag.arguments + ["a", "b"]),
            case .mirror(let after) = try Invocation(["mirror", "a"] + flag.arguments + ["b"])
        else { return }
        #expect(before.options == expected)
        #expect(after.options == expected)
    }

    @Test("keeps the order of mixed includes and excludes")
    func rules() throws {
        let options = try mirror("--include", "a", "--exclude", "b", "--include=--c=d", "x", "y").options
        #expect(
            try options.rules == [.include(Glob("a")), .exclude(Glob("b")), .include(Glob("--c=d"))])
    }

    @Test(
        "is refused in one sentence that says what to write",
        arguments: [
            ([], "No command"), (["mirorr"], "did you mean mirror?"), (["frobnicate"], "--help lists"),
            (["mirror"], "nothing to mirror"), (["mirror", "main/apks"], "TARGET is missing"),
            (["mirror", "a", "b", "c"], "SOURCE and TARGET only"),
            (["mirror", "a", "b", "--remvoe"], "did you mean --remove?"),
            (["mirror", "a", "b", "--dryrun"], "did you mean --dry-run?"),
            (["mirror", "a", "b", "--xyzzy"], "mirror --help lists"), (["mirror", "a", "b", "-x"], "-x is not a flag"),
            (["mirror", "a", "b", "--watch", "--dry-run"], "a dry run ends"),
            (["mirror", "a", "b", "-w", "--once"], "contradict each other"),
            (["mirror", "a", "b", "--events", "push"], "one of auto, listen, poll"),
            (["mirror", "a", "b", "--poll-interval", "2"], "from 100ms to 7d"),
            (["mirror", "a", "b", "--poll-interval", "99ms"], "from 100ms to 7d"),
            (["mirror", "a", "b", "--reconcile-interval=8d"], "from 100ms to 7d"),
            (["mirror", "a", "b", "--log-format", "xml"], "one of text, json"),
            (["mirror", "a", "b", "--wach"], "did you mean --watch?"),
            (["statsu"], "did you mean status?"), (["resume-delets"], "did you mean resume-deletes?"),
            (["status", "--jsn"], "did you mean --json?"), (["reconcile", "--json"], "is not a flag of"),
            (["resume-deletes", "--state"], "--state needs a value"),
            (["mirror", "a", "b", "--monitoring-address=:9"], "not there yet"),
            (["mirror", "a", "b", "--fake"], "--dry-run"), (["mirror", "a", "b", "--retry"], "--retry needs a value"),
            (["mirror", "a", "b", "--attr", "x-amz-meta-a=b"], "of its source"),
            (["mirror", "a", "b", "--exclude-bucket", "tmp*"], "one by one"),
            (["mirror", "a", "b", "--exclude-storageclass", "GLACIER"], "--storage-class"),
            (["mirror", "a", "b", "--exclude", "--remove"], "--exclude needs a value"),
            (["mirror", "a", "b", "--remove=yes"], "takes no value"),
            (["mirror", "a", "b", "--max-workers", "0"], "from 1 to 10000"),
            (["mirror", "a", "b", "--max-workers", "many"], "from 1 to 10000"),
            (["mirror", "a", "b", "--retry=-1"], "from 0 to 1000"),
            (["mirror", "a", "b", "--limit-upload", "fast"], "10MiB"),
            (["mirror", "a", "b", "--limit-upload", "0"], "10MiB"),
            (["mirror", "a", "b", "--older-than", "old"], "7d"),
            (["mirror", "a", "b", "--connect-timeout", "30"], "30s"),
            (["mirror", "a", "b", "--stall-timeout=0s"], "above zero"),
            (["mirror", "a", "b", "--compare", "md5"], "one of etag, size, content"),
            (["mirror", "a", "b", "--path-style", "x"], "one of auto, on, off"),
            (["mirror", "a", "b", "--remove", "--max-delete", "150%"], "percentage"),
            (["mirror", "a", "b", "--remove", "--max-delete", "-1"], "number of objects"),
            (["mirror", "a", "b", "--max-delete", "1"], "add --remove"),
            (["mirror", "a", "b", "--exclude", "[a"], "not closed"),
            (["mirror", "a", "b", "--storage-class", "A,,B"], "STANDARD"),
            (["mirror", "a", "b", "--trash="], "a prefix"),
            (["mirror", "a", "b", "--client-key", "k"], "--client-certificate"),
            (["mirror", "a", "b", "--insecure", "--ca-file", "c"], "contradict"),
            (["mirror", "a", "b", "--no-overwrite", "--trash", "t"], "keeps nothing"),
            (["mirror", "s3://a/b", "b"], "no scheme"), (["mirror", "a/xy", "b"], "3 to 63"),
            (["mirror", "", "b"], "empty"),
            (["ls"], "nothing to list"), (["ls", "a", "b"], "one place"),
            (["ls", "a", "--recursiv"], "did you mean --recursive?"),
            (["config"], "config check"), (["config", "chek"], "config check"),
            (["config", "check", "x"], "--config FILE"),
            (["--verison"], "did you mean --version?"),
        ] as [([String], String)])
    func refused(arguments: [String], expected: String) throws {
        let error = try #require(#expect(throws: UsageError.self) { try Invocation(arguments) })
        #expect(error.description.contains(expected), "\(error)")
        #expect(!error.description.contains("\n"))
        #expect(!error.description.dropLast().contains(". "))
        #expect(UsageError.exitCode == 2)
    }

    @Test("lists, checks the configuration, and says its version")
    func otherCommands() throws {
        guard case .list(let list) = try Invocation(["ls", "main/apks", "-r", "--json", "--region", "r"]) else {
            Issue.record("not ls")
            return
        }
        #expect(try list.place == Place("main/apks"))
        #expect(list.options.recursive)
        #expect(list.options.json)
        #expect(list.options.connection.region == "r")
        var check = ConfigCheckOptions()
        #expect(try Invocation(["config", "check"]) == .configCheck(check))
        (check.json, check.configurationFile) = (true, "c.yaml")
        #expect(try Invocation(["config", "check", "--json", "--config=c.yaml"]) == .configCheck(check))
        #expect(try Invocation(["--version"]) == .version)
    }

    @Test(
        "hands on which objects an audit is about, and how their servers are reached, to the mirror that would mend them"
    )
    func handedOn() throws {
        let connection = [
            "--config=c.yaml", "--region=r", "--path-style=on", "--ca-file=a.pem", "--client-certificate=c.pem",
            "--client-key=k.pem", "--connect-timeout=1s", "--first-byte-timeout=2s", "--stall-timeout=3s",
        ]
        let scope = ["--exclude=a*", "--include=b c", "--older-than=7d", "--newer-than=9d", "--storage-class=STANDARD"]
        let others = ["--deep", "--json", "--retry=0", "--output=x", "--expect=com.example.app=1+1", "--settle=1s"]
        let places = ["main/apks", "standby/apks"]
        let words = ["audit", "--config", "c.yaml"] + connection.dropFirst() + others + scope + places
        guard case .audit(let audit) = try Invocation(words),
            case .audit(let other) = try Invocation(
                ["audit", "--insecure"] + places)
        else {
            Issue.record("not audit")
            return
        }
        #expect(audit.connection == connection && audit.scope == scope)
        #expect(other.connection == ["--insecure"] && other.scope == [])
        // A mirror takes them all.
        _ = try Invocation(["mirror", "--once"] + audit.connection + audit.scope + places)
    }

    @Test("speaks to a running watch", arguments: ControlArguments.Action.allCases)
    func control(action: ControlArguments.Action) throws {
        guard case .control(let all) = try Invocation([action.rawValue]),
            case .control(let some) = try Invocation([action.rawValue, "nightly", "--state=s.db", "a", "--config", "c"])
        else {
            Issue.record("not \(action.rawValue)")
            return
        }
        #expect(all.action == action && all.mirrors.isEmpty && all.options == ControlFlags())
        #expect(some.action == action && some.mirrors == ["nightly", "a"])
        #expect(some.options.state == .file("s.db") && some.options.configurationFile == "c")
        #expect(!some.options.json)
    }

    @Test("shows the status as JSON")
    func statusAsJSON() throws {
        guard case .control(let status) = try Invocation(["status", "--json", "nightly"]) else {
            Issue.record("not status")
            return
        }
        #expect(status.options.json && status.mirrors == ["nightly"])
    }
}
