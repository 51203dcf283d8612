import Configuration
import MirrorEngine
import Testing

@testable import minio_sync

@Suite("Command lines that contradict themselves or lack something")
struct ContradictionTests {
    private func refusal(_ arguments: [String]) throws -> String {
        let error = try #require(#expect(throws: UsageError.self) { try Invocation(arguments) })
        #expect(!error.description.contains("\n") && !error.description.dropLast().contains(". "))
        return error.description
    }

    @Test(
        "Two flags of which one may be said are refused",
        arguments: [
            (["--quiet", "--verbose"], "--quiet and --verbose contradict"),
            (["--verbose", "-q"], "--quiet and --verbose"),
            (["--state", "x.db", "--no-state"], "--state and --no-state contradict"),
            (["--no-state", "--state=x.db"], "--state and --no-state"),
        ])
    func contradictions(flags: [String], words: String) throws {
        #expect(try refusal(["mirror"] + flags + ["a", "b"]).contains(words))
        #expect(try refusal(["mirror", "nightly"] + flags).contains(words))
    }

    private func definition(_ options: [(String, String)]) -> MirrorDefinition {
        MirrorDefinition(
            name: "nightly", source: "main/apks", target: "standby/apks",
            options: options.enumerated().map { .init(flag: $1.0, value: $1.1, line: $0 + 5) }, file: "c.yaml", line: 2)
    }

    @Test("The command line may contradict the configuration file, which may not contradict itself")
    func overrides() throws {
        guard case .mirror(let arguments) = try Invocation(["mirror", "nightly", "--verbose", "--no-state"]) else {
            Issue.record("not a mirror")
            return
        }
        let options = try arguments.options(of: definition([("quiet", "true"), ("state", "x.db")]))
        #expect(options.verbosity == .verbose && options.state == .none)
        #expect(throws: Never.self) {
            try MirrorFlags(definition([("quiet", "false"), ("verbose", "true")]))
        }
        let error = try #require(
            #expect(throws: UsageError.self) {
                try MirrorFlags(definition([("quiet", "true"), ("verbose", "true")]))
            })
        #expect(error.description.contains("\"quiet\" (c.yaml, line 5) and \"verbose\" (c.yaml, line 6)"))
    }

    @Test("A flag whose value was forgotten is said to lack it, when a place follows")
    func forgotten() throws {
        #expect(
            try refusal(["mirror", "--retry", "a/src", "b/xyz"])
                == "--retry lacks its value: \"a/src\" follows it where a whole number from 0 to 1000 belongs; give it."
        )
        #expect(try refusal(["mirror", "--older-than", "a/src", "b/xyz"]).contains("--older-than lacks its value"))
        #expect(try refusal(["mirror", "--retry=a/src", "b/xyz"]).contains("--retry cannot be"))
        #expect(try refusal(["mirror", "--retry", "many", "a/src", "b/xyz"]).contains("--retry cannot be \"many\""))
    }

    @Test("An empty pattern is no pattern", arguments: ["--include", "--exclude"])
    func emptyPatterns(flag: String) throws {
        #expect(try refusal(["mirror", flag, "", "a", "b"]).contains("\(flag) cannot be \"\"; give a pattern"))
        #expect(try refusal(["mirror", "\(flag)=", "a", "b"]).contains("\(flag) cannot be \"\"; give a pattern"))
    }

    @Test(
        "A day that the calendar lacks is refused", arguments: ["2026-02-30", "2026-13-01", "2025-02-29", "2026-04-31"])
    func impossibleDays(day: String) throws {
        #expect(try refusal(["mirror", "--older-than", day, "a", "b"]).contains("--older-than cannot be \"\(day)\""))
        #expect(try refusal(["mirror", "--newer-than", day, "a", "b"]).contains("--newer-than cannot be"))
    }

    @Test(
        "Asked for help with a command's name, before or after it, the program shows that command's",
        arguments: [["mirror"], ["ls"], ["config", "check"], ["status"], ["resume-deletes"]])
    func help(words: [String]) throws {
        let expected = try Invocation(words + ["--help"])
        for first in ["--help", "-h", "help"] { #expect(try Invocation([first] + words) == expected) }
        #expect(try Invocation(["--help"]) != expected)
        #expect(try refusal(["--help", "mirorr"]).contains("did you mean mirror?"))
    }
}
