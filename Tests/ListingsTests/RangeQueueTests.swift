import Listings
import ObjectModel
import Testing

@Suite("Ranges that wait for readers", .timeLimit(.minutes(5)))
struct RangeQueueTests {
    /// Lets `readers` take ranges until none is left, and answers how many they took.
    private func readAll(
        _ ranges: RangeQueue, readers: Int, _ body: @escaping @Sendable (RangeQueue.Range) throws -> Void
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<readers {
                group.addTask {
                    var count = 0
                    while let range = try await ranges.next() {
                        count += 1
                        try body(range)
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
    }

    @Test("Every range is taken once, those that are added later too, and all readers end", arguments: [1, 2, 24])
    func all(readers: Int) async throws {
        let ranges = RangeQueue(["b", "f"], readers: readers)
        let count = try await readAll(ranges, readers: readers) { range in
            if range.after == "b" { ranges.add(["c", "d"], through: range.through) }
            if range.after == "d" {
                #expect(range.through == "f")
                ranges.add(["e"], through: "f")
            }
        }
        #expect(count == 5)
        #expect(ranges.isEnded)
    }

    @Test("Pages are given away only where somebody waits for them, and not for each page")
    func giving() async throws {
        let ranges = RangeQueue(["b"], readers: 2)
        _ = try await ranges.next()
        #expect(!ranges.passPage(after: 100))
        async let waiting = ranges.next()
        while !ranges.passPage(after: 100) { await Task.yield() }
        #expect(!ranges.passPage(after: 100))
        ranges.add(["c"], through: nil)
        let given = try await waiting
        #expect(given?.after == "c" && given?.through == nil)
    }

    @Test("The end that an error makes reaches those who wait; what waits is not read")
    func end() async throws {
        let ranges = RangeQueue(["b"], readers: 3)
        _ = try await ranges.next()
        async let one = ranges.next()
        async let other = ranges.next()
        ranges.end()
        ranges.add(["c"], through: nil)
        let ended = try await [one, other]
        #expect(ended == [nil, nil])
    }

    @Test("A reader that is cancelled is not told that all is read")
    func cancellation() async throws {
        let ranges = RangeQueue(["b"], readers: 2)
        _ = try await ranges.next()
        let reader = Task { try await ranges.next() }
        reader.cancel()
        await #expect(throws: CancellationError.self) { _ = try await reader.value }
        #expect(!ranges.isEnded)
    }
}
