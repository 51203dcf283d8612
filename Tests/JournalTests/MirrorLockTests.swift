import Glibc
import SQLite
import TestSupport
import Testing

@testable import Journal

@Suite("The lock of a mirror")
struct MirrorLockTests {
    /// Two users of the same mirrors: two connections to one file, or one journal that nobody else can see.
    private func pair(_ kind: String, _ folder: TemporaryFolder) async throws -> (Journal, Journal) {
        switch kind {
        case "file":
            let path = folder.file("state.db")
            return (try await Journal.open(path: path), try await Journal.open(path: path))
        case "memory":
            let journal = try await Journal.inMemory()
            return (journal, journal)
        default:
            let journal = try await Journal.temporary()
            return (journal, journal)
        }
    }

    @Test("has one holder at a time, each mirror its own", arguments: ["file", "memory", "temporary"])
    func exclusive(kind: String) async throws {
        let folder = TemporaryFolder()
        let (one, other) = try await pair(kind, folder)
        let lock = try #require(try await one.lock(mirror: "m"))
        #expect(try await other.lock(mirror: "m") == nil)
        #expect(try await one.lock(mirror: "m") == nil)
        let second = try #require(try await other.lock(mirror: "another"))
        lock.release()
        lock.release()
        let next = try #require(try await other.lock(mirror: "m"))
        #expect(try await one.lock(mirror: "m") == nil)
        next.release()
        second.release()
    }

    @Test("goes with its last reference, and outlives the journal", arguments: ["file", "memory"])
    func dropped(kind: String) async throws {
        let folder = TemporaryFolder()
        let (one, other) = try await pair(kind, folder)
        do {
            let lock = try #require(try await one.lock(mirror: "m"))
            if kind == "file" { await one.close() }
            #expect(try await other.lock(mirror: "m") == nil)
            withExtendedLifetime(lock) {}
        }
        #expect(try await other.lock(mirror: "m") != nil)
    }

    @Test("does not keep guests away, and they are seen", arguments: ["file", "memory", "temporary"])
    func guests(kind: String) async throws {
        let folder = TemporaryFolder()
        let (one, other) = try await pair(kind, folder)
        let lock = try #require(try await one.lock(mirror: "m"))
        #expect(try await one.isJoined(mirror: "m") == false)
        let guests = [try await other.join(mirror: "m"), try await other.join(mirror: "m")]
        #expect(try await one.isJoined(mirror: "m"))
        #expect(try await one.isJoined(mirror: "another") == false)
        guests[0].release()
        #expect(try await one.isJoined(mirror: "m"))
        guests[1].release()
        #expect(try await one.isJoined(mirror: "m") == false)
        lock.release()
    }

    @Test("is another process's until that is killed")
    func killed() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("state.db")
        let journal = try await Journal.open(path: path)
        let id = try await journal.mirrorID("m")
        // A process that is given the locked descriptor, which nobody else has then.
        let descriptor = try #require(try LockFile(path).lockedDescriptor(id, isShared: false))
        let child = try spawnSleeper(with: descriptor)
        close(descriptor)
        defer {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        #expect(try await journal.lock(mirror: "m") == nil)
        kill(child, SIGKILL)
        // It has ended when it can be waited for, and is kept so for the deferred wait.
        var information = unsafe siginfo_t()
        _ = unsafe waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT)
        #expect(try await journal.lock(mirror: "m") != nil)
    }

    @Test("is private, and found by another name of the state file too")
    func file() async throws {
        let folder = TemporaryFolder()
        let journal = try await Journal.open(path: folder.file("state.db"))
        unsafe symlink("state.db", folder.file("link.db"))
        let linked = try await Journal.open(path: folder.file("link.db"))
        let lock = try #require(try await journal.lock(mirror: "m"))
        #expect(try await linked.lock(mirror: "m") == nil)
        #expect(folder.mode("state.db.lock") & 0o777 == 0o600)
        lock.release()
    }

    @Test("says why it cannot be had")
    func inaccessible() async throws {
        let folder = TemporaryFolder()
        let journal = try await Journal.open(path: folder.file("state.db"))
        unsafe mkdir(folder.file("state.db.lock"), 0o700)
        for call in [{ _ = try await journal.lock(mirror: "m") }, { _ = try await journal.join(mirror: "m") }] {
            let body: () async throws -> Void = call
            let error = try await #require(#expect(throws: DiskError.self) { try await body() })
            #expect(error.subject == .stateFile(folder.file("state.db.lock")))
        }
    }

    /// A process that does nothing and has `descriptor`.
    private func spawnSleeper(with descriptor: Int32) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // Under another number, so that it is not closed with the start of the program.
        unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, 200)
        var child: pid_t = 0
        let words = unsafe [strdup("sleep"), strdup("100")]
        defer {
            unsafe free(words[0])
            unsafe free(words[1])
        }
        var arguments = unsafe words + [nil]
        let status = unsafe posix_spawn(&child, "/bin/sleep", &actions, nil, &arguments, environ)
        try #require(status == 0)
        return child
    }
}
