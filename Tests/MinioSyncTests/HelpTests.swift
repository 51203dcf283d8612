import Testing

@testable import minio_sync

@Suite("The help")
struct HelpTests {
    private func help(_ arguments: [String]) throws -> String {
        guard case .help(let text) = try Invocation(arguments) else { throw UsageError("no help") }
        return text
    }

    @Test(
        "is short enough for a terminal and aligned",
        arguments: [
            ["--help"], ["-h"], ["mirror", "--help"], ["ls", "-h"], ["config", "check", "--help"],
            ["config", "--help"], ["status", "--help"], ["reconcile", "-h"], ["resume-deletes", "--help"],
        ])
    func layout(arguments: [String]) throws {
        let text = try help(arguments)
        #expect(text.hasSuffix("\n"))
        for line in text.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        #expect(text.contains("Usage:"))
    }

    @Test("explains every flag of mirror in one row, also when the rest is wrong")
    func complete() throws {
        let text = try help(["mirror", "a", "b", "c", "-h"])
        let rows = text.split(separator: "\n")
        let flags = try #require(rows.firstIndex { $0.hasPrefix("What is done:") })
        for flag in MirrorFlags.command.flags {
            let own = rows[flags...].filter { row in
                row.hasPrefix("  ") && row.split(separator: " ").prefix(2).contains("--\(flag.name)")
                    && row.prefix(8).contains("--")
            }
            #expect(own.count == 1, "\(flag.name)")
            #expect(!flag.help.isEmpty && !flag.help.hasSuffix("."))
        }
        #expect(text.contains("  -q, --quiet"))
        #expect(text.contains("  -w, --watch"))
        // As a form of its own: all mirrors of the configuration file.
        #expect(rows[..<flags].contains { $0.hasSuffix("[flags] --watch") })
    }

    @Test("names every command", arguments: ["mirror", "ls", "status", "reconcile", "resume-deletes", "config check"])
    func commands(name: String) throws {
        #expect(try help(["--help"]).split(separator: "\n").contains { $0.hasPrefix("  \(name) ") })
    }

    @Test(
        "has no name twice",
        arguments: [MirrorFlags.command.flags.map(\.name), ListFlags.command.flags.map(\.name)])
    func unique(names: [String]) {
        #expect(Set(names).count == names.count)
    }
}
