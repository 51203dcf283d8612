import Glibc
import TestSupport
import Testing

@testable import MirrorEngine

/// Plays the scripts of `Fixtures/Watch`, one a situation, which are the documentation of `WatchState` too. How they
/// are written is told in `Fixtures/Watch/FORMAT.md`.
///
/// With `MINIO_SYNC_REWRITE=1` in the environment the expectations are written anew instead of compared: look at them
/// with `git diff` before you believe them.
@Suite("A watch's state, script by script")
struct WatchScriptTests {
    private static let folder = TestFile.fixtures + "/Watch"
    private static let isRewriting = unsafe getenv("MINIO_SYNC_REWRITE") != nil

    static let names = TestFile.names(in: folder).filter { $0.hasSuffix(".txt") }

    @Test("There is a script for each situation")
    func count() {
        #expect(Self.names.count >= 45)
    }

    @Test("What follows is what is expected", arguments: names)
    func script(_ name: String) throws {
        let path = "\(Self.folder)/\(name)"
        let text = String(decoding: try #require(TestFile.read(path)), as: UTF8.self)
        #expect(text.hasPrefix("# "), "The first line says what the situation is and what must be true.")
        let played: WatchScript
        do {
            played = try WatchScript(playing: text)
        } catch let fault as WatchScript.Fault {
            Issue.record("\(name): \(fault)")
            return
        }
        if Self.isRewriting {
            #expect(TestFile.write(Array(played.lines.joined(separator: "\n").utf8), path))
            return
        }
        let expected = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let difference = Self.difference(expected, played.lines) { Issue.record("\(name)\n\(difference)") }
    }

    /// The lines that differ, each with the input above it; nil if there are none.
    private static func difference(_ expected: [String], _ actual: [String]) -> String? {
        let changes = actual.difference(from: expected)
        guard !changes.isEmpty else { return nil }
        var removed: [Int: String] = [:]
        var added: [Int: String] = [:]
        for change in changes {
            switch change {
            case .remove(let offset, let line, _): removed[offset] = line
            case .insert(let offset, let line, _): added[offset] = line
            }
        }
        var text: [String] = []
        var (old, new) = (0, 0)
        var input = ""
        while old < expected.count || new < actual.count {
            let (gone, come) = (removed[old], added[new])
            if gone == nil, come == nil {
                if old < expected.count, !expected[old].hasPrefix("    ") { input = expected[old] }
                (old, new) = (old + 1, new + 1)
                continue
            }
            if !input.isEmpty { text.append("  \(input)") }
            input = ""
            if let gone {
                text.append("- \(gone)")
                old += 1
            } else if let come {
                text.append("+ \(come)")
                new += 1
            }
        }
        return text.joined(separator: "\n")
    }
}
