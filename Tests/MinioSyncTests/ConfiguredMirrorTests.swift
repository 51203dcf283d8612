import Configuration
import Listings
import MirrorEngine
import ObjectModel
import Service
import Testing

@testable import minio_sync

@Suite("A mirror of the configuration file")
struct ConfiguredMirrorTests {
    private func definition(_ options: [(String, String)]) -> MirrorDefinition {
        MirrorDefinition(
            name: "nightly", source: "main/apks", target: "standby/apks",
            options: options.enumerated().map { .init(flag: $1.0, value: $1.1, line: $0 + 5) }, file: "c.yaml", line: 2)
    }

    private func arguments(_ flags: String...) throws -> MirrorArguments {
        guard case .mirror(let parsed) = try Invocation(["mirror", "nightly"] + flags) else {
            throw UsageError("not a mirror")
        }
        return parsed
    }

    @Test("has the file's options with the command line's over them, its rules first")
    func merged() throws {
        let mirror = definition([
            ("remove", "true"), ("overwrite", "no"), ("max-workers", "4"), ("max-delete", "5%"), ("exclude", "*.tmp"),
            ("retry", "3"),
        ])
        let options = try arguments("--max-workers=9", "--exclude", "x/*", "--dry-run").options(of: mirror)
        var expected = MirrorFlags()
        (expected.remove, expected.overwrite, expected.maxWorkers, expected.retries) = (true, false, 9, 3)
        (expected.maxDelete, expected.dryRun) = (.percent(5), true)
        expected.rules = try [.exclude(Glob("x/*")), .exclude(Glob("*.tmp"))]
        #expect(options == expected)
    }

    @Test("judges both sources of options together")
    func validated() throws {
        #expect(try arguments("--max-delete=5").options(of: definition([("remove", "true")])).maxDelete == .objects(5))
        #expect(throws: UsageError.self) { try arguments("--max-delete=5").options(of: definition([])) }
    }

    @Test(
        "is refused by the line of the file",
        arguments: [
            ("max-workers", "many", "a whole number"), ("remove", "perhaps", "true or false"),
            ("exclude", "[a", "not closed"), ("events", "push", "one of auto, listen, poll"),
            ("poll-interval", "soon", "from 100ms to 7d"),
        ])
    func refused(flag: String, value: String, expected: String) throws {
        let error = try #require(
            #expect(throws: UsageError.self) {
                try MirrorFlags(definition([("json", "true"), (flag, value)]))
            })
        #expect(error.description.contains("\"\(flag)\" (c.yaml, line 6)"), "\(error)")
        #expect(error.description.contains(expected), "\(error)")
    }

    @Test("may have every flag but the one that names the file, and the one that says for how long to run")
    func configurable() {
        #expect(
            Set(MirrorFlags.command.flags.map(\.name)).subtracting(
                MirrorFlags.configurableFlags) == ["config", "watch"])
        #expect(MirrorFlags.configurableFlags.contains("exclude"))
        #expect(MirrorFlags.configurableFlags.contains("once"))
    }

    @Test("may be run once unless it is watched by its name")
    func once() throws {
        let mirror = definition([("once", "true"), ("events", "poll"), ("reconcile-interval", "2h")])
        #expect(try MirrorFlags(mirror).once)
        let options = try arguments("--watch").options(of: mirror)
        #expect(options.watch && !options.once)
        #expect(options.watching.events == .poll && options.watching.reconcileInterval == .seconds(7200))
        #expect(throws: UsageError.self) { try arguments("--watch").options(of: definition([("dry-run", "yes")])) }
    }
}
