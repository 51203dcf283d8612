import Glibc
import ObjectModel
import SQLite
import TestSupport
import Testing

@testable import Journal

@Suite("The journal's errors")
struct JournalErrorTests {
    init() { Spelling.use() }

    /// The error of opening `path`, which must fail.
    private func failure(_ path: String) async throws -> DiskError {
        try #require(await #expect(throws: DiskError.self) { _ = try await Journal.open(path: path) })
    }

    @Test("name the path, the system's reason and a way out for a path that cannot be made")
    func inaccessible() async throws {
        let folder = TemporaryFolder()
        folder.write([], to: "file")
        for path in [folder.file("file/state.db"), "/proc/minio-sync/state.db", "/proc/state.db"] {
            let error = try await failure(path)
            guard case .inaccessible = error.reason else {
                Issue.record("\(path): \(error)")
                continue
            }
            #expect(error.description.contains(path))
            #expect(error.description.contains("--state FILE"))
        }
    }

    @Test("refuse a folder, a device and an empty name", arguments: ["/tmp", "/dev/full", ""])
    func notAFile(path: String) async throws {
        let error = try await failure(path)
        guard case .notAFile = error.reason else {
            Issue.record("\(error)")
            return
        }
    }

    @Test("tell garbage, a damaged file and another program's database from a journal")
    func notAJournal() async throws {
        let folder = TemporaryFolder()
        folder.write(Array("not a database, ".utf8) + Array(repeating: 0x2A, count: 4096), to: "garbage.db")

        let damaged = try await Journal.open(path: folder.file("damaged.db"))
        await damaged.close()
        let descriptor = unsafe open(folder.file("damaged.db"), O_WRONLY)
        let noise = [UInt8](repeating: 0xA5, count: 3000)
        _ = unsafe pwrite(descriptor, noise, noise.count, 100)
        close(descriptor)

        folder.write([], to: "foreign.db")
        let foreign = try SQLiteConnection(path: folder.file("foreign.db"), subject: .memory)
        try foreign.execute("CREATE TABLE bookmarks (url TEXT)")
        foreign.close()

        for name in ["garbage.db", "damaged.db", "foreign.db"] {
            let error = try await failure(folder.file(name))
            guard case .notAJournal = error.reason else {
                Issue.record("\(name): \(error)")
                continue
            }
        }
        let untouched = try SQLiteConnection(path: folder.file("foreign.db"), subject: .memory)
        #expect(try untouched.integer("SELECT count(*) FROM sqlite_master") == 1)
    }

    @Test("refuse the file of a newer version and leave it as it is")
    func newerSchema() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("state.db")
        let journal = try await Journal.open(path: path)
        await journal.close()
        let later = try SQLiteConnection(path: path, subject: .memory)
        try later.execute("PRAGMA user_version = 999")
        later.close()
        #expect(try await failure(path).reason == .newerSchema(found: 999, known: Int64(Schema.migrations.count)))
    }

    @Test("say that another process holds the lock")
    func locked() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("state.db")
        let journal = try await Journal.open(path: path, busyTimeout: 50)
        let other = try SQLiteConnection(path: path, subject: .memory)
        try other.execute("BEGIN IMMEDIATE")
        let error = try await #require(
            #expect(throws: DiskError.self) { try await journal.setKeyOrder(.bytes, endpoint: "e") })
        #expect(error.reason == .locked)
        try other.execute("ROLLBACK")
        try await journal.setKeyOrder(.bytes, endpoint: "e")
    }

    @Test("say that the disk is full, keep what was recorded, and undo the failed transaction")
    func diskFull() async throws {
        let journal = try await Journal.inMemory()
        try await journal.record([JournalTests.pair("kept")], mirror: "m")
        try await journal.forbidGrowth()
        let many = (0..<5000).map { JournalTests.pair(ObjectKey("key \($0)")) }
        let error = try await #require(
            #expect(throws: DiskError.self) { try await journal.record(many, mirror: "m") })
        #expect(error.reason == .diskFull)
        let found = try await journal.provenPairs(mirror: "m", keys: ["kept", "key 0"])
        #expect(found == [JournalTests.pair("kept"), nil])
    }

    @Test("follow a call after close")
    func closed() async throws {
        let journal = try await Journal.inMemory()
        await journal.close()
        await journal.close()
        let error = try await #require(
            #expect(throws: DiskError.self) { _ = try await journal.uploads(mirror: "m") })
        #expect(error.reason == .closed)
    }

    @Test(
        "are one sentence each, for every subject and reason",
        arguments: [DiskError.Subject.stateFile("/state.db"), .memory, .temporaryFile, .temporarySpace("/var/tmp")])
    func sentences(subject: DiskError.Subject) {
        let reasons: [DiskError.Reason] = [
            .inaccessible("Permission denied"), .notAFile("it is a directory"), .notAJournal("file is not a database"),
            .diskFull, .locked, .newerSchema(found: 2, known: 1), .closed, .failed(code: 21, "bad parameter"),
        ]
        for reason in reasons {
            let text = DiskError(subject, reason).description
            #expect(text.hasSuffix("."))
            #expect(!text.dropLast().contains(". "))
            #expect(!text.contains("\n"))
        }
    }
}
