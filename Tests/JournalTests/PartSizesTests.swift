import Testing

@testable import Journal

@Suite("Part sizes in few bytes")
struct PartSizesTests {
    @Test(
        "come back as they were",
        arguments: [
            [], [0], [5 << 20], [Int64.max], Array(repeating: 5 << 20, count: 9999) + [17], [1, 2, 3], [7, 7, 1, 7],
        ] as [[Int64]])
    func roundTrip(sizes: [Int64]) {
        let bytes = PartSizes.encode(sizes)
        #expect(PartSizes.decode(bytes) == sizes)
        if sizes.count == 10_000 { #expect(bytes.count < 10) }
    }

    @Test(
        "refuse what they cannot be",
        arguments: [
            [0x80], [1], [0, 5], [0xFF, 0xFF, 0x7F, 5], Array(repeating: 0xFF, count: 40),
            [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        ] as [[UInt8]])
    func malformed(bytes: [UInt8]) {
        #expect(PartSizes.decode(bytes) == nil)
    }
}
