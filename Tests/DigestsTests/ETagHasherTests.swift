import Digests
import ObjectModel
import Runtime
import Testing

@Suite("ETags of bytes")
struct ETagHasherTests {
    /// Byte i is (7i ⊕ i/256) mod 256.
    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 7) ^ ($0 >> 8)) }
    }

    struct Known: Sendable, CustomTestStringConvertible {
        let size: Int
        let sizes: [Int64]
        let composite: String
        let md5: String
        var testDescription: String { "\(size) bytes as \(sizes)" }
    }

    /// Computed with Python's hashlib.
    static let known = [
        Known(
            size: 0, sizes: [0], composite: "59adb24ef3cdbe0297f05b395827453f-1",
            md5: "d41d8cd98f00b204e9800998ecf8427e"),
        Known(
            size: 1, sizes: [1], composite: "7e4696ef25d5faececd853ce5e2a233b-1",
            md5: "93b885adfe0da089cdf634904fd59f71"),
        Known(
            size: 1000, sizes: [1000], composite: "77e5ea8357f9b4bf94baefc5e8af5d26-1",
            md5: "a9a28a850f9aea6375617165a7adf698"),
        Known(
            size: 1000, sizes: [500, 500], composite: "d58ba42058ad9eedd7f8baea42ae8b94-2",
            md5: "a9a28a850f9aea6375617165a7adf698"),
        Known(
            size: 1000, sizes: [300, 300, 300, 100], composite: "5e082da79369d780b10c6d7c837e4163-4",
            md5: "a9a28a850f9aea6375617165a7adf698"),
        Known(
            size: 1000, sizes: [1, 998, 1], composite: "5c8367f22f3dba50d824fc8b6cf70dab-3",
            md5: "a9a28a850f9aea6375617165a7adf698"),
        Known(
            size: 4096, sizes: [1024, 1024, 1024, 1024], composite: "e175d088e681e5a536108499b40c24e3-4",
            md5: "ce4737e4e3f6a4f25c52a6eade50ba80"),
        Known(
            size: 70_000, sizes: [65_536, 4464], composite: "5ae9c2227803be19e76e9f5ff3e5f313-2",
            md5: "70af97f50cde9e5dca32cd55bc45dd25"),
        Known(
            size: 262_145, sizes: [65_536, 65_536, 65_536, 65_536, 1], composite: "1eb60010e1a2bcb0022b72296fb68cc3-5",
            md5: "eb8495ce3c910d6849368e5c506135b4"),
    ]

    /// The ETag of `bytes`, given in pieces of random sizes.
    private func hash(_ bytes: [UInt8], _ sizes: [Int64]?, _ random: inout SeededGenerator) -> ETag {
        var hasher = ETagHasher(layout: sizes.map { PartLayout(sizes: $0) })
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + .random(in: 0...max(1, bytes.count / 3), using: &random))
            unsafe bytes[start..<end].withUnsafeBytes { unsafe hasher.update($0) }
            start = end
        }
        return hasher.finish()
    }

    @Test("Composites are what others compute, however the bytes arrive", arguments: known, [1, 2, 3] as [UInt64])
    func composites(_ known: Known, _ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = Self.bytes(known.size)
        #expect(hash(bytes, known.sizes, &random) == ETag(known.composite), "seed \(seed)")
        #expect(hash(bytes, nil, &random) == ETag(known.md5), "seed \(seed)")
    }

    @Test("A byte too few or too many is another ETag", arguments: known)
    func lengths(_ known: Known) {
        var random = SeededGenerator(seed: 1)
        let bytes = Self.bytes(known.size)
        #expect(hash(bytes + [0], known.sizes, &random) != ETag(known.composite))
        #expect(hash(bytes + Self.bytes(2000), known.sizes, &random) != ETag(known.composite))
        if known.size > 0 { #expect(hash(bytes.dropLast(), known.sizes, &random) != ETag(known.composite)) }
    }

    @Test("The parts' MD5s give the composite, and none where one of them is no MD5")
    func ofParts() {
        var random = SeededGenerator(seed: 1)
        for known in Self.known {
            let bytes = Self.bytes(known.size)
            var start = 0
            var parts: [ETag] = []
            for size in known.sizes {
                parts.append(hash(Array(bytes[start..<(start + Int(size))]), nil, &random))
                start += Int(size)
            }
            #expect(ETagHasher.composite(of: parts) == ETag(known.composite))
            #expect(ETagHasher.composite(of: parts + [.absent]) == nil)
            #expect(ETagHasher.composite(of: parts + [ETag(known.composite)]) == nil)
        }
    }
}
