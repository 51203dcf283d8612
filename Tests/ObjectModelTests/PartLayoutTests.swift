import ObjectModel
import Runtime
import Testing

@Suite("Layouts of parts")
struct PartLayoutTests {
    private static let mebibyte: Int64 = 1 << 20
    private static let gibibyte: Int64 = 1 << 30

    @Test(
        "A size is cut into equal parts and a rest",
        arguments: [
            (0, 5, [0]), (1, 5, [1]), (4, 5, [4]), (5, 5, [5]), (6, 5, [5, 1]), (15, 5, [5, 5, 5]),
            (16, 5, [5, 5, 5, 1]),
        ] as [(Int64, Int64, [Int64])])
    func cutting(_ size: Int64, _ partSize: Int64, _ sizes: [Int64]) {
        let layout = PartLayout(size: size, partSize: partSize)
        #expect(layout.sizes == sizes)
        #expect(layout.count == sizes.count)
        #expect(layout.size == size)
    }

    @Test("The ranges of the parts follow each other without a gap")
    func ranges() {
        #expect(PartLayout(sizes: [3, 5, 1]).ranges == [0...2, 3...7, 8...8])
        #expect(PartLayout(sizes: [0]).ranges == [0...0])
    }

    struct Client: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let partSize: @Sendable (Int64) -> Int64

        init(_ name: String, _ partSize: @escaping @Sendable (Int64) -> Int64) {
            testDescription = name
            self.partSize = partSize
        }
    }

    /// What clients make of a size, from their sources.
    static let clients: [Client] = [
        // s3transfer's ChunksizeAdjuster: 8 MiB, doubled until 10,000 parts do.
        Client("aws-cli, boto3") { size in
            var part = 8 * mebibyte
            while (size + part - 1) / part > 10_000 { part *= 2 }
            return part
        },
        // minio-go's OptimalPartInfo: the 10,000th part of it, rounded up to 16 MiB.
        Client("mc, minio-go") { size in
            let unit = 16 * mebibyte
            return max(unit, ((size + 9999) / 10_000 + unit - 1) / unit * unit)
        },
        // minio-py's get_part_info: the same with 5 MiB.
        Client("minio-py") { size in
            let unit = 5 * mebibyte
            return max(unit, ((size + 9999) / 10_000 + unit - 1) / unit * unit)
        },
        // lib/chunksize: 5 MiB, or the 10,000th part of it rounded up to whole MiB.
        Client("rclone") { size in
            guard size / 10_000 >= 5 * mebibyte else { return 5 * mebibyte }
            return ((size + 9999) / 10_000 + mebibyte - 1) / mebibyte * mebibyte
        },
        Client("s5cmd") { _ in 50 * mebibyte },
        Client("s3cmd") { _ in 15 * mebibyte },
    ]

    private static let sizes: [Int64] = [
        5 * mebibyte + 1, 16 * mebibyte + 1, 50 * mebibyte, 64 * mebibyte + 1, 100 * mebibyte, 256 * mebibyte, gibibyte,
        7 * gibibyte + 12_345, 60 * gibibyte, 100 * gibibyte, 500 * gibibyte + 1,
    ]

    @Test("What a client makes of an object is among the first candidates", arguments: clients, sizes)
    func candidates(_ client: Client, _ size: Int64) {
        let layout = PartLayout(size: size, partSize: client.partSize(size))
        guard layout.count > 1, layout.count <= 10_000 else { return }
        let candidates = PartLayout.candidates(size: size, parts: layout.count)
        // Only so many are tried: each costs moving the object.
        #expect(candidates.prefix(4).contains(layout), "\(layout.sizes[0]) of \(candidates.map { $0.sizes[0] })")
    }

    @Test(
        "Every candidate has the parts and the size asked for, and comes once", arguments: 1...4 as ClosedRange<UInt64>)
    func soundness(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let parts = Int.random(in: 1...100, using: &random)
            let size = Int64.random(in: Int64(parts)...Int64(parts) * 20 * Self.mebibyte, using: &random)
            let candidates = PartLayout.candidates(size: size, parts: parts)
            #expect(!candidates.isEmpty, "seed \(seed): \(parts) parts of \(size)")
            #expect(Set(candidates).count == candidates.count, "seed \(seed)")
            #expect(
                candidates.allSatisfy { $0.count == parts && $0.size == size && $0.sizes.allSatisfy { $0 > 0 } },
                "seed \(seed): \(parts) parts of \(size)")
        }
    }

    @Test("There is no way to cut fewer bytes into more parts")
    func impossible() {
        #expect(PartLayout.candidates(size: 3, parts: 4) == [])
        #expect(PartLayout.candidates(size: 0, parts: 2) == [])
        #expect(PartLayout.candidates(size: 3, parts: 0) == [])
        #expect(PartLayout.candidates(size: 0, parts: 1) == [PartLayout(sizes: [0])])
        #expect(PartLayout.candidates(size: 3, parts: 1) == [PartLayout(sizes: [3])])
        #expect(PartLayout.candidates(size: 4, parts: 4).contains(PartLayout(sizes: [1, 1, 1, 1])))
    }

    @Test(
        "A layout of our own has parts of 16 MiB, and never more than 10,000",
        arguments: [
            (0, 0, 1), (1, 1, 1), (16 << 20, 16 << 20, 1), (16 << 20 | 1, 16 << 20, 2),
            (10_000 * 16 << 20, 16 << 20, 10_000), (10_000 * 16 << 20 | 1, 32 << 20, 5001), (5 << 40, 528 << 20, 9930),
        ] as [(Int64, Int64, Int)])
    func own(_ size: Int64, _ first: Int64, _ count: Int) {
        let layout = PartLayout.own(size: size)
        #expect(layout.sizes[0] == first)
        #expect(layout.count == count)
        #expect(layout.size == size)
    }
}
