import Runtime
import Testing

@testable import Reactor

@Suite("The buffer of a relay")
struct ByteRingTests {
    /// No power of two, so that a byte tells its place in every buffer.
    private static let period = 65_537
    private static let track: [UInt8] = {
        let once = (0..<period).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        var track: [UInt8] = []
        while track.count < period + ByteRing.capacity { track += once }
        return track
    }()

    /// The bytes that belong at `offset`, at most as many as a ring holds.
    private func bytes(_ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
        Self.track[(offset % Self.period)..<(offset % Self.period + count)]
    }

    private func put(_ ring: ByteRing, from offset: Int, count: Int) -> Bool {
        unsafe bytes(offset, count).withUnsafeBytes { unsafe ring.put($0) }
    }

    private func take(_ ring: ByteRing, upTo count: Int) -> [UInt8] {
        var space = [UInt8](repeating: 0, count: count)
        let taken = unsafe space.withUnsafeMutableBytes { unsafe ring.take(into: $0) }
        return Array(space.prefix(taken))
    }

    @Test("What goes in comes out, in order, around the end many times", arguments: 1...6 as ClosedRange<UInt64>)
    func wrapping(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ring = ByteRing()
        var tapped = 0
        unsafe ring.tap = { tapped += $0.count }
        var written = 0
        var read = 0
        var isWrong = false
        while written < 6 * ByteRing.capacity {
            let count = Int.random(in: 0...200_000, using: &random)
            let fits = count <= ring.free
            #expect(put(ring, from: written, count: count) == fits, "seed \(seed)")
            if fits { written += count }
            let taken = take(ring, upTo: .random(in: 0...200_000, using: &random))
            if taken[...] != bytes(read, taken.count) { isWrong = true }
            read += taken.count
            #expect(ring.count == written - read, "seed \(seed)")
            if isWrong { break }
        }
        #expect(!isWrong, "seed \(seed): other bytes came out than went in, near \(read)")
        #expect(ring.total == Int64(written) && tapped == written, "seed \(seed)")
    }

    @Test("It takes all that fits or nothing")
    func full() {
        let ring = ByteRing()
        #expect(put(ring, from: 0, count: ByteRing.capacity))
        #expect(ring.free == 0)
        #expect(!put(ring, from: 0, count: 1))
        #expect(put(ring, from: 0, count: 0))
        #expect(ring.total == Int64(ByteRing.capacity))
        #expect(take(ring, upTo: 3)[...] == bytes(0, 3))
        #expect(!put(ring, from: 0, count: 4))
        #expect(put(ring, from: ByteRing.capacity, count: 3))
        #expect(take(ByteRing(), upTo: 5) == [])
    }

    @Test("The other half is told when there are bytes again and when there is room again, once each")
    func signals() {
        let ring = ByteRing()
        var bytes = 0
        var space = 0
        ring.onBytes = { bytes += 1 }
        ring.onSpace = { space += 1 }
        _ = put(ring, from: 0, count: 100)
        _ = put(ring, from: 100, count: 100)
        #expect(bytes == 1)
        _ = take(ring, upTo: 150)
        _ = put(ring, from: 200, count: 100)
        #expect(bytes == 1)
        _ = take(ring, upTo: 1000)
        _ = put(ring, from: 300, count: 100)
        #expect(bytes == 2)
        #expect(space == 0)
        // Less than the headroom is free, then exactly the headroom.
        _ = put(ring, from: 400, count: ByteRing.capacity - ByteRing.headroom - 100 + 50)
        _ = take(ring, upTo: 49)
        #expect(space == 0)
        _ = take(ring, upTo: 1)
        #expect(space == 1)
        _ = take(ring, upTo: 1000)
        #expect(space == 1)
    }

    @Test("A ring that is used again knows nothing of its last body")
    func reset() {
        let ring = ByteRing()
        var called = 0
        unsafe ring.tap = { _ in called += 1 }
        ring.onBytes = { called += 1 }
        ring.onSpace = { called += 1 }
        _ = put(ring, from: 0, count: ByteRing.capacity)
        called = 0
        ring.reset()
        #expect(ring.count == 0 && ring.total == 0 && ring.free == ByteRing.capacity)
        _ = put(ring, from: 5, count: 10)
        #expect(take(ring, upTo: 10)[...] == bytes(5, 10))
        #expect(called == 0)
    }

    @Test("A ring that discards hands every byte to its tap and keeps none")
    func discarding() {
        let ring = ByteRing()
        var tapped: [UInt8] = []
        unsafe ring.tap = { unsafe tapped += Array($0) }
        _ = put(ring, from: 0, count: 10)
        ring.discardBytes()
        for start in stride(from: 10, to: 3 * ByteRing.capacity, by: 300_000) {
            #expect(put(ring, from: start, count: 300_000))
            #expect(ring.count == 0)
        }
        #expect(tapped.count > 3 * ByteRing.capacity)
        for start in stride(from: 0, to: tapped.count, by: 100_000) {
            let piece = tapped[start..<min(start + 100_000, tapped.count)]
            #expect(piece == bytes(start, piece.count))
        }
    }

    @Test("A ring that begins to discard wakes a producer that stopped, and only such a one", arguments: [false, true])
    func discardingWakes(isFull: Bool) {
        let ring = ByteRing()
        var space = 0
        ring.onSpace = { space += 1 }
        _ = put(ring, from: 0, count: ByteRing.capacity - ByteRing.headroom + (isFull ? 1 : 0))
        ring.discardBytes()
        #expect(space == (isFull ? 1 : 0))
        #expect(ring.count == 0)
    }
}
