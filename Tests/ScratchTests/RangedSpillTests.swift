import ObjectModel
import SQLite
import TestSupport
import Testing

@testable import Scratch

@Suite("Records of ranges kept on disk")
struct RangedSpillTests {
    @Test(
        "come out range by range in the order of keys, and of a range in the order they came",
        arguments: [0, 100, 1 << 20], [1, 7, 1000])
    func order(memoryLimit: Int, limit: Int) async throws {
        let spill = RangedSpill(folder: "/tmp", memoryLimit: memoryLimit)
        let starts: [ObjectKey?] = ["m", nil, "b", "z", ObjectKey(bytes: [0xFF])]
        var expected: [ObjectKey?: [[UInt8]]] = [:]
        for round in 0..<6 {
            for (index, start) in starts.enumerated() {
                let records = (0..<(round + index) % 4).map { Array("\(index)/\(round)/\($0)".utf8) }
                expected[start, default: []] += records
                try await spill.append(records, after: start)
            }
        }
        try await spill.append([[]], after: "b")
        expected["b"]?.append([])
        let all = [nil, "b", "m", "z", ObjectKey(bytes: [0xFF])].flatMap { expected[$0] ?? [] }
        #expect(await spill.count == all.count)
        var out: [[UInt8]] = []
        while case let batch = try await spill.next(limit: limit), !batch.isEmpty {
            #expect(batch.count <= limit)
            out += batch
        }
        #expect(out == all)
        #expect(await spill.count == 0)
    }

    @Test("leave no file behind, and a folder that is not there is an error")
    func unlinked() async throws {
        let folder = TemporaryFolder()
        let spill = RangedSpill(folder: folder.path, memoryLimit: 1000)
        for _ in 0..<50 { try await spill.append([Array(repeating: 7, count: 400)], after: nil) }
        #expect(folder.names.isEmpty)
        #expect(try await spill.next(limit: 100).count == 50)
        let lost = RangedSpill(folder: "/nonexistent", memoryLimit: 10)
        await #expect(throws: DiskError.self) {
            try await lost.append([Array(repeating: 7, count: 400)], after: nil)
        }
    }
}
