import Glibc
import ObjectModel
import SQLite
import TestSupport
import Testing

@testable import Scratch

@Suite("Listings kept on disk")
struct SpillTests {
    static func entry(_ key: ObjectKey, size: Int64 = 1, storageClass: String? = nil) -> ListedObject {
        ListedObject(
            key: key,
            state: ObjectState(
                size: size, etag: ETag("0cc175b9c0f1b6a831c399e269772661"), lastModified: Timestamp(seconds: 5),
                storageClass: storageClass))
    }

    @Test("come out in the order of bytes: folders, Unicode twins, high bytes and NUL", arguments: [1, 3, 1000])
    func sorted(limit: Int) async throws {
        let keys: [ObjectKey] = [
            "a/b", "a!", "a-b", "a", "cafe\u{301}", "caf\u{e9}", "Z", ObjectKey(bytes: [0xFF]),
            ObjectKey(bytes: [0x61, 0x00]), "a//b", "\u{1F600}", "\u{FFFD}",
        ]
        let spill = try await SortedSpill.open(folder: "/tmp")
        try await spill.append(keys.prefix(5).map { Self.entry($0) })
        try await spill.append(keys.dropFirst(5).map { Self.entry($0, storageClass: "STANDARD_IA") })
        for _ in 0..<2 {
            var out: [ListedObject] = []
            while case let batch = try await spill.next(limit: limit), !batch.isEmpty { out += batch }
            #expect(out.map(\.key) == keys.sorted())
            #expect(out.count { $0.state.storageClass == "STANDARD_IA" } == 7)
            await spill.rewind()
        }
        await spill.close()
    }

    @Test("keep the last entry of a key that came twice")
    func repeated() async throws {
        let spill = try await SortedSpill.open(folder: "/tmp")
        try await spill.append([Self.entry("k", size: 1), Self.entry("k", size: 2)])
        #expect(try await spill.next() == [Self.entry("k", size: 2)])
        #expect(try await spill.next().isEmpty)
    }

    @Test("leave no file behind, and hold more than fits the cache")
    func unlinked() async throws {
        let folder = TemporaryFolder()
        let spill = try await SortedSpill.open(folder: folder.path)
        let padding = String(repeating: "x", count: 200)
        for page in 0..<60 {
            try await spill.append((0..<1000).reversed().map { Self.entry(ObjectKey("\($0)/\(page)/\(padding)")) })
        }
        #expect(folder.names.isEmpty)
        var last = ObjectKey(bytes: [])
        var count = 0
        while case let batch = try await spill.next(), !batch.isEmpty {
            for entry in batch {
                #expect(last < entry.key)
                last = entry.key
            }
            count += batch.count
        }
        #expect(count == 60_000)
    }

    @Test("say so when the disk is full, by name of the folder")
    func diskFull() async throws {
        let spill = try await SortedSpill.open(folder: "/tmp")
        try await spill.forbidGrowth()
        let entries = (0..<5000).map { Self.entry(ObjectKey("key \($0)")) }
        let error = try await #require(#expect(throws: DiskError.self) { try await spill.append(entries) })
        #expect(error == DiskError(.temporarySpace("/tmp"), .diskFull))
        #expect(error.description.contains("TMPDIR"))
    }

    @Test("need a folder that exists")
    func missingFolder() async throws {
        await #expect(throws: DiskError.self) { _ = try await SortedSpill.open(folder: "/proc/none") }
        let keys = KeySpill(folder: "/proc/none", memoryLimit: 0)
        await #expect(throws: DiskError.self) { try await keys.append(["k"]) }
    }
}

@Suite("Keys that wait")
struct KeySpillTests {
    @Test(
        "come out in the order they went in, whether in memory or on disk",
        arguments: [0, 100, 1 << 20], [1, 7, 5000])
    func order(memoryLimit: Int, limit: Int) async throws {
        let folder = TemporaryFolder()
        let spill = KeySpill(folder: folder.path, memoryLimit: memoryLimit)
        let keys = (0..<3000).map { ObjectKey(bytes: Array(repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 90)) }
        var out: [ObjectKey] = []
        for start in stride(from: 0, to: keys.count, by: 500) {
            try await spill.append(Array(keys[start..<(start + 500)]))
            out += try await spill.next(limit: min(limit, 100))
        }
        #expect(await spill.count == keys.count - out.count)
        while case let batch = try await spill.next(limit: limit), !batch.isEmpty {
            #expect(batch.count <= limit)
            out += batch
        }
        #expect(out == keys)
        #expect(await spill.count == 0)
        #expect(folder.names.isEmpty)
    }

    @Test("are longer than the read buffer")
    func long() async throws {
        let spill = KeySpill(folder: "/tmp", memoryLimit: 0)
        let keys = [ObjectKey(bytes: Array(repeating: 1, count: 200_000)), "short"]
        try await spill.append(keys)
        #expect(try await spill.next() == keys)
    }

    @Test("are not lost when the disk is full")
    func diskFull() async throws {
        let spill = KeySpill(folder: "/dev", memoryLimit: 10)
        await spill.useFile(owning: unsafe open("/dev/full", O_RDWR))
        let keys = (0..<10).map { ObjectKey("key \($0)") }
        let error = try await #require(#expect(throws: DiskError.self) { try await spill.append(keys) })
        #expect(error.reason == .diskFull)
        #expect(try await spill.next() == keys)
    }
}

@Suite("Temporary files")
struct TemporaryFileTests {
    @Test("are where TMPDIR says, or on disk", arguments: [(nil, "/var/tmp"), ("", "/var/tmp"), ("/x", "/x")])
    func folder(wanted: String?, folder: String) {
        #expect(TemporaryFile.folder(wanted) == folder)
    }
}
