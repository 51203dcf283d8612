import Glibc
import Runtime
import Testing

/// Counts on a thread of its own.
private actor Counter {
    private nonisolated let executor: ThreadExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
    private(set) var count = 0
    private(set) var threads: Set<pthread_t> = []

    init(_ executor: ThreadExecutor) {
        self.executor = executor
    }

    /// Not atomic on purpose: two at once would lose counts.
    func increment() {
        threads.insert(pthread_self())
        let before = count
        for _ in 0..<10 { sched_yield() }
        count = before + 1
    }

    /// Ends the executor while `jobs` increments wait in its queue.
    func queueAndStop(_ jobs: Int) -> [Task<Int, Never>] {
        let tasks = (0..<jobs).map { _ in
            Task {
                increment()
                return count
            }
        }
        executor.stop()
        return tasks
    }
}

@Suite("Threads")
struct ThreadExecutorTests {
    @Test("What an actor on a thread does runs on that thread only, one thing at a time", .timeLimit(.minutes(10)))
    func serial() async {
        let executor = ThreadExecutor(name: "test")
        let counter = Counter(executor)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { await counter.increment() } }
        }
        #expect(await counter.count == 200)
        #expect(await counter.threads.count == 1)
        executor.stop()
    }

    @Test("What was queued before the end still runs", .timeLimit(.minutes(10)))
    func stopping() async {
        let counter = Counter(ThreadExecutor(name: "test"))
        var counts: [Int] = []
        for task in await counter.queueAndStop(3) { counts.append(await task.value) }
        #expect(counts == [1, 2, 3])
    }
}
