import Testing

@testable import AndroidPackage

@Suite("Histories of keys")
struct LineageTests {
    /// The value of the attribute in the package of a key that was rotated twice.
    private func attribute() throws -> [UInt8] {
        let bytes = try Fixture.package("rotated")
        let number = le(UInt32(0x3BA0_6F8C))
        let start = try #require((4..<bytes.count - 4).first { bytes[$0..<($0 + 4)].elementsEqual(number) })
        let length = bytes[(start - 4)..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        return Array(bytes[(start + 4)..<(start + length)])
    }

    /// The steps, each with its length before it, behind the version.
    private func steps(_ attribute: [UInt8]) throws -> [[UInt8]] {
        var reader = ByteReader(attribute)
        try reader.skip(4)
        var steps: [[UInt8]] = []
        while !reader.isEmpty {
            let step = try reader.prefixed().array
            steps.append(le(UInt32(step.count)) + step)
        }
        return steps
    }

    private func certificates(_ steps: [[UInt8]], version: UInt32 = 1) throws -> [[UInt8]] {
        try Lineage.certificates(ByteReader(le(version) + steps.flatMap { $0 }))
    }

    @Test("a history is read, oldest first")
    func whole() async throws {
        let certificates = try certificates(steps(attribute()))
        let facts = try await AndroidPackage.facts(of: BytesSource(Fixture.package("rotated")))
        #expect(certificates.map(Certificate.fingerprint) == facts.lineage + facts.signers)
    }

    @Test("a step that the key before did not sign is refused")
    func forged() throws {
        let steps = try steps(attribute())
        try #require(steps.count == 3)
        for forged in [
            [steps[0], steps[2]], [steps[1], steps[0], steps[2]], [steps[0], steps[2], steps[1]],
            [steps[0], steps[1], steps[1]], [steps[0], steps[1], steps[2], steps[2]],
        ] {
            #expect(throws: Malformed.self) { try certificates(forged) }
        }
        // The signature is a step's last part.
        for (index, count) in [(1, steps[1].count), (2, steps[2].count)] {
            var damaged = steps
            damaged[index][count - 5] ^= 1
            #expect(throws: Malformed.self) { try certificates(damaged) }
        }
    }

    @Test("another version is refused, and what is cut too")
    func versions() throws {
        let steps = try steps(attribute())
        #expect(throws: Malformed.self) { try certificates(steps, version: 2) }
        #expect(throws: Malformed.self) { try Lineage.certificates(ByteReader(attribute().dropLast())) }
    }
}
