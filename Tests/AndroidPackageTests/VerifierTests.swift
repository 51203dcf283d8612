import Testing

@testable import AndroidPackage

@Suite("Verifying packages")
struct VerifierTests {
    @Test(
        "how a package is cut changes nothing", arguments: ["v3", "verity", "v2-sha512"], [1, 7, 4096, 4097, 1 << 20])
    func cuts(_ name: String, _ size: Int) async throws {
        let bytes = try Fixture.package(name)
        let facts = try await AndroidPackage.facts(of: BytesSource(bytes))
        #expect(problems(bytes, facts, size: size) == [])
        #expect(problems(bytes + [0], facts, size: size)?.map(\.kind) == [.truncated])
        #expect(problems(bytes.dropLast(), facts, size: size)?.map(\.kind) == [.truncated])
    }

    private func problems(_ bytes: [UInt8], _ facts: PackageFacts, size: Int) -> [PackageProblem]? {
        guard var verifier = PackageVerifier(facts) else { return nil }
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(bytes.count, start + size)])
            unsafe piece.withUnsafeBytes { unsafe verifier.update($0) }
        }
        return verifier.finish()
    }

    @Test("a package without a signature of v2 or later has no such digests", arguments: ["v1", "unsigned"])
    func none(_ name: String) async throws {
        let facts = try await AndroidPackage.facts(of: BytesSource(Fixture.package(name)))
        #expect(problems([], facts, size: 1) == nil)
    }

    @Test(
        "no byte of contents, directory or end can change unnoticed",
        arguments: ["v3", "verity", "v2-dsa", "two-signers"])
    func everyByte(_ name: String) async throws {
        let bytes = try Fixture.package(name)
        let (facts, known) = try await examine(bytes)
        let block = try #require(facts.signedContents?.block)
        for position in stride(from: 0, to: bytes.count, by: 5) where !block.contains(Int64(position)) {
            var flipped = bytes
            flipped[position] ^= 0x10
            do {
                #expect(try await !examine(flipped).problems.allSatisfy(known.contains), "byte \(position)")
            } catch is PackageError {}
        }
    }

    @Test("no byte that a signer signed can change unnoticed", arguments: ["v3", "rotated", "v2-only", "two-signers"])
    func everyBlockByte(_ name: String) async throws {
        let bytes = try Fixture.package(name)
        var reader = RangeReader(BytesSource(bytes))
        let block = try #require(try await PackageDirectory(&reader).signingBlock)
        for entry in block.blocks {
            let value = entry.value.array
            let start = try #require((0..<bytes.count - value.count).first { bytes[$0...].starts(with: value) })
            for position in stride(from: start, to: start + value.count, by: 9) {
                var flipped = bytes
                flipped[position] ^= 1
                let facts = try await AndroidPackage.facts(of: BytesSource(flipped))
                #expect(facts.problems.contains { $0.kind == .badSignature }, "byte \(position)")
            }
        }
    }

    @Test("a file may be cut anywhere", arguments: ["v3", "v1-two-signers", "zip64"])
    func everyLength(_ name: String) async throws {
        let bytes = try Fixture.package(name)
        for length in stride(from: 0, to: bytes.count, by: 11) {
            await #expect(throws: PackageError.self) { try await examine(Array(bytes.prefix(length))) }
        }
    }

    /// The published rule, written down plainly: pieces of 1 MiB of each part, a header before each, then all of them.
    @Test("more than one piece of 1 MiB is hashed by the rule", arguments: [1, 1 << 20, (1 << 20) + 1, 5 << 19])
    func pieces(_ count: Int) throws {
        let contents = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        let block = [UInt8](repeating: 7, count: 100)
        let directory = [UInt8](repeating: 1, count: (1 << 20) + 3)
        let end = HandmadeZip([]).bytes
        var patched = end
        patched.replaceSubrange(16..<20, with: le(UInt32(count)))
        var digests: [UInt8] = []
        var number: UInt32 = 0
        for part in [contents, directory, patched] {
            for start in stride(from: 0, to: part.count, by: 1 << 20) {
                let piece = Array(part[start..<min(part.count, start + 1 << 20)])
                digests += MessageDigest.digest([0xA5] + le(UInt32(piece.count)) + piece, .sha256)
                number += 1
            }
        }
        let digest = MessageDigest.digest([0x5A] + le(number) + digests, .sha256)
        var facts = PackageFacts(package: "com.example.app")
        let bytes = contents + block + directory + end
        facts.signedContents = SignedContents(
            size: Int64(bytes.count), block: Int64(count)..<Int64(count + 100), end: Int64(bytes.count - end.count),
            blockDigest: MessageDigest.digest(block, .sha256),
            digests: [ContentDigest(algorithm: .chunked(.sha256), bytes: digest, scheme: .v2, signer: 1)])
        #expect(problems(bytes, facts, size: 100_001) == [])
        var flipped = bytes
        flipped[count / 2] ^= 1
        #expect(problems(flipped, facts, size: 1 << 20)?.map(\.kind) == [.badDigest])
        flipped = bytes
        flipped[count + 50] ^= 1
        #expect(problems(flipped, facts, size: 1 << 20)?.map(\.kind) == [.badSignature])
    }
}
