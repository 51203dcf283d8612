import Glibc
import Testing

@testable import Service

@Suite("The journal's stream")
struct JournalStreamTests {
    @Test("is known by device and inode, not by the variable alone")
    func identity() throws {
        let socket = try #require(unixSocket(SOCK_STREAM, isBlocking: true))
        var status = stat()
        #expect(unsafe fstat(socket.number, &status) == 0)
        let own = "\(status.st_dev):\(status.st_ino)"
        #expect(JournalStream.isConnected(to: socket.number, environment: ["JOURNAL_STREAM": own]))
        for other in ["\(status.st_dev):\(status.st_ino + 1)", "\(status.st_dev + 1):\(status.st_ino)", "", own + "0"] {
            #expect(!JournalStream.isConnected(to: socket.number, environment: ["JOURNAL_STREAM": other]))
        }
        #expect(!JournalStream.isConnected(to: socket.number, environment: [:]))
        #expect(!JournalStream.isConnected(to: -1, environment: ["JOURNAL_STREAM": own]))
    }
}
