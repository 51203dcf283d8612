import Glibc
import TestSupport
import Testing

@testable import minio_sync

@Suite("Output that waits for nobody")
struct PatientOutputTests {
    private func lines(_ numbers: Range<Int>) -> [UInt8] {
        Array(numbers.map { "line \($0) \(String(repeating: "x", count: 90))\n" }.joined().utf8)
    }

    @Test("What a reader does not take waits in order, up to the limit, and the rest is counted")
    func unread() async throws {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        defer { close(ends[0]) }
        let output = PatientOutput(ends[1], limit: 100_000)
        for number in 0..<4000 { output.put(lines(number..<number + 1)) }
        #expect(!output.settle(milliseconds: 5))
        let dropped = output.takeDropped()
        #expect(dropped > 1000 && output.takeDropped() == 0)
        var read: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while read.count(where: { $0 == 0x0A }) < 4000 - dropped {
            let count = unsafe Glibc.read(ends[0], &buffer, buffer.count)
            try #require(count > 0)
            read += buffer[..<count]
        }
        #expect(read == lines(0..<4000 - dropped))
        try await Patience.until("all is out") { output.settle(milliseconds: 1) }
        close(ends[1])
    }

    @Test("A disk that is full loses lines and no more, a reader who left ends it")
    func failures() throws {
        let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        let output = PatientOutput(full)
        output.put(lines(0..<2))
        #expect(output.takeDropped() == 2 && output.failure == 0)
        output.put(lines(0..<1))
        #expect(output.takeDropped() == 1)
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let left = PatientOutput(ends[1])
        left.put(lines(0..<1))
        #expect(left.failure == EPIPE)
    }
}
