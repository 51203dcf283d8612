import Runtime
import Testing

@Suite("Mutexes", .timeLimit(.minutes(10)))
struct MutexTests {
    @Test("What many threads do to a value is done by one at a time")
    func exclusion() async {
        let mutex = Mutex([0, 0])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<2000 {
                        mutex.withLock { pair in
                            pair[0] += 1
                            pair[1] += 1
                        }
                    }
                }
            }
        }
        #expect(mutex.withLock { $0 } == [16_000, 16_000])
    }

    @Test("A failure inside lets go")
    func failure() {
        struct Broken: Error {}
        let mutex = Mutex(1)
        #expect(throws: Broken.self) { try mutex.withLock { _ in throw Broken() } }
        #expect(mutex.withLock { $0 } == 1)
    }
}
