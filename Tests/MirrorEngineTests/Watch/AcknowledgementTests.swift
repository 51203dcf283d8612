import Journal
import ObjectModel
import Reactor
import Runtime
import Stores
import Testing

@testable import MirrorEngine

@Suite("What feeds that remember are told")
struct AcknowledgementTests {
    private final class Told: Sendable {
        private let state = Mutex(0)
        var count: Int { state.withLock { $0 } }
        func acknowledgement() -> Acknowledgement { Acknowledgement { self.state.withLock { $0 += 1 } } }
    }

    @Test("A change of several keys is acknowledged once, when the last of them is let go")
    func holders() {
        let told = Told()
        let acknowledgement = told.acknowledgement()
        for _ in 0..<3 { acknowledgement.hold() }
        acknowledgement.letGo()
        acknowledgement.letGo()
        #expect(told.count == 0)
        acknowledgement.letGo()
        #expect(told.count == 1)
    }

    @Test("A job speaks for what was told before it began, and puts it back where it fails")
    func jobs() {
        let told = Told()
        let book = Acknowledgements()
        book.hold(told.acknowledgement(), for: "k")
        let taken = book.take("k")
        book.hold(told.acknowledgement(), for: "k")
        for acknowledgement in taken { acknowledgement.letGo() }
        #expect(told.count == 1)
        let later = book.take("k")
        #expect(later.count == 1)
        book.putBack(later, for: "k")
        #expect(told.count == 1 && book.take("k").count == 1 && book.take("k").isEmpty)
    }

    @Test("A key that is written down is acknowledged, one that could not be written is not")
    func writtenDown() async throws {
        let told = Told()
        let book = Acknowledgements()
        let journal = try await Journal.temporary()
        let overflow = Overflow(journal, mirror: "m", book, time: SystemTime())
        book.hold(told.acknowledgement(), for: "k")
        #expect(overflow.add(PendingKey(key: "k", since: Timestamp(seconds: 1), isRemoval: false)))
        #expect(told.count == 0)
        await overflow.writeDown()
        #expect(told.count == 1)
        await journal.close()
        book.hold(told.acknowledgement(), for: "l")
        #expect(overflow.add(PendingKey(key: "l", since: Timestamp(seconds: 1), isRemoval: false)))
        await overflow.writeDown()
        #expect(told.count == 1 && book.take("l").count == 1)
    }
}
