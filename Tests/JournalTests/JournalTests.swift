import Glibc
import ObjectModel
import SQLite
import TestSupport
import Testing

@testable import Journal

@Suite("The journal")
struct JournalTests {
    static let composite = ETag("0cc175b9c0f1b6a831c399e269772661-3")
    static let opaque = ETag("opaque-\u{e9}")

    static func pair(_ key: ObjectKey, size: Int64 = 7) -> ProvenPair {
        ProvenPair(
            key: key, sourceETag: composite, sourceLastModified: Timestamp(milliseconds: -1), sourceSize: size,
            targetETag: opaque)
    }

    @Test("gives proven pairs back in the order of the keys asked for, for twins of Unicode and odd bytes too")
    func provenPairs() async throws {
        let journal = try await Journal.inMemory()
        let keys: [ObjectKey] = [
            "caf\u{e9}", "cafe\u{301}", "a/b", "a//b", ObjectKey(bytes: [0xFF, 0x00, 0x41]), ObjectKey(bytes: []),
        ]
        let pairs = keys.enumerated().map { Self.pair($1, size: Int64($0)) }
        try await journal.record(pairs, mirror: "m")
        let asked = Array(keys.reversed()) + ["absent"]
        #expect(try await journal.provenPairs(mirror: "m", keys: asked) == pairs.reversed() + [nil])
        #expect(try await journal.provenPairs(mirror: "other", keys: keys) == keys.map { _ in nil })

        try await journal.forget(mirror: "m", keys: ["caf\u{e9}", "absent"])
        #expect(try await journal.provenPairs(mirror: "m", keys: ["caf\u{e9}", "cafe\u{301}"]) == [nil, pairs[1]])
    }

    @Test("replaces a pair that is recorded again")
    func replacing() async throws {
        let journal = try await Journal.inMemory()
        try await journal.record([Self.pair("k", size: 1)], mirror: "m")
        try await journal.record([Self.pair("k", size: 2)], mirror: "m")
        #expect(try await journal.provenPairs(mirror: "m", keys: ["k"]).first??.sourceSize == 2)
    }

    @Test("keeps what was recorded when it is never closed, as after kill -9")
    func survivesKill() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("deep/er/state.db")
        let killed = try await Journal.open(path: path)
        try await killed.record([Self.pair("k")], mirror: "m")
        let upload = try await killed.beginUpload(
            UploadRecord(
                mirror: "m", key: "big", sourceETag: Self.composite, sourceSize: 11, partSizes: [5, 5, 1],
                createdAt: Timestamp(seconds: 9)))
        try await killed.setUploadID("id-1", of: upload)

        // The bytes on disk at this instant, without the orderly end, are what a killed process leaves.
        for suffix in ["", "-wal"] {
            folder.write(try #require(TestFile.read(path + suffix)), to: "left.db\(suffix)")
        }
        let reopened = try await Journal.open(path: folder.file("left.db"))
        #expect(try await reopened.provenPairs(mirror: "m", keys: ["k"]) == [Self.pair("k")])
        let left = try await reopened.uploads(mirror: "m")
        #expect(left.map(\.uploadID) == ["id-1"])
        #expect(left.map(\.partSizes) == [[5, 5, 1]])
        await killed.close()
    }

    @Test("is private: its folder 0700, its files 0600")
    func permissions() async throws {
        let folder = TemporaryFolder()
        let journal = try await Journal.open(path: folder.file("state/journal.db"))
        try await journal.setKeyOrder(.path, endpoint: "http://192.0.2.1:9000")
        #expect(folder.mode("state") & 0o777 == 0o700)
        for suffix in ["", "-wal", "-shm"] {
            #expect(folder.mode("state/journal.db\(suffix)") & 0o777 == 0o600)
        }
        await journal.close()
    }

    @Test("remembers the order of an endpoint's listings")
    func endpoints() async throws {
        let journal = try await Journal.inMemory()
        #expect(try await journal.keyOrder(endpoint: "http://192.0.2.1:9000") == nil)
        try await journal.setKeyOrder(.bytes, endpoint: "http://192.0.2.1:9000")
        try await journal.setKeyOrder(.path, endpoint: "http://192.0.2.1:9000")
        #expect(try await journal.keyOrder(endpoint: "http://192.0.2.1:9000") == .path)
    }

    @Test("keeps the last 100 runs of each mirror")
    func runs() async throws {
        let journal = try await Journal.inMemory()
        let first = try await journal.startRun(mirror: "quiet", at: Timestamp(seconds: 1))
        for second in 0..<150 { _ = try await journal.startRun(mirror: "busy", at: Timestamp(seconds: Int64(second))) }
        #expect(try await journal.lastRun(mirror: "busy")?.startedAt == Timestamp(seconds: 149))
        #expect(try await journal.lastRun(mirror: "busy")?.finishedAt == nil)
        #expect(try await journal.countRuns() == 101)

        try await journal.finishRun(first, summary: #"{"status":"ok"}"#, status: "ok", at: Timestamp(seconds: 2))
        let last = try await journal.lastRun(mirror: "quiet")
        #expect(last?.id == first)
        #expect(last?.status == "ok")
        #expect(last?.summary == #"{"status":"ok"}"#)
        #expect(last?.finishedAt == Timestamp(seconds: 2))
        #expect(try await journal.lastRun(mirror: "never") == nil)
    }

    @Test("sees an upload that was intended before the server answered, and keeps two of one key apart")
    func uploads() async throws {
        let journal = try await Journal.inMemory()
        let record = UploadRecord(
            mirror: "m", key: "k", sourceETag: Self.composite, sourceSize: 10, partSizes: [5, 5],
            createdAt: Timestamp(seconds: 1))
        let old = try await journal.beginUpload(record)
        #expect(try await journal.upload(mirror: "m", key: "k") == old)
        #expect(old.uploadID == nil)
        try await journal.setUploadID("first", of: old)
        let new = try await journal.beginUpload(record)
        #expect(try await journal.upload(mirror: "m", key: "k")?.id == new.id)
        #expect(try await journal.uploads(mirror: "m").map(\.uploadID) == ["first", nil])
        try await journal.endUpload(new)
        #expect(try await journal.upload(mirror: "m", key: "k")?.uploadID == "first")
        try await journal.endUpload(old)
        try await journal.endUpload(old)
        #expect(try await journal.uploads(mirror: "m").isEmpty)
        // The number is another's now.
        var other = record
        other.key = "other"
        let reused = try await journal.beginUpload(other)
        #expect(reused.id == old.id)
        try await journal.endUpload(old)
        try await journal.setUploadID("of the old one", of: old)
        #expect(try await journal.uploads(mirror: "m") == [reused])
    }

    @Test("serves two connections that write at the same time")
    func concurrency() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("state.db")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    let journal = try await Journal.open(path: path)
                    for batch in 0..<25 {
                        let keys = (0..<20).map { ObjectKey("\(batch)/\($0)") }
                        try await journal.record(keys.map { Self.pair($0) }, mirror: "mirror \(writer)")
                    }
                    await journal.close()
                }
            }
            try await group.waitForAll()
        }
        let journal = try await Journal.open(path: path)
        let keys = (0..<25).flatMap { batch in (0..<20).map { ObjectKey("\(batch)/\($0)") } }
        for writer in 0..<4 {
            #expect(try await journal.provenPairs(mirror: "mirror \(writer)", keys: keys) == keys.map { Self.pair($0) })
        }
        await journal.close()
    }

    @Test("is made once where several open a new file together", arguments: 0..<20)
    func openedTogether(_ round: Int) async throws {
        let folder = TemporaryFolder()
        let path = folder.file("state.db")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { await (try Journal.open(path: path)).close() } }
            try await group.waitForAll()
        }
    }
}

extension Journal {
    fileprivate func countRuns() throws -> Int64 {
        try open().integer("SELECT count(*) FROM run")
    }
}
