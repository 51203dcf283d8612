import Glibc
import Reactor
import Runtime

/// The threads that objects are copied on: the one that made this, and from the first encrypted server on one a core, 4 at
/// most. Plain HTTP keeps one busy at most.
///
/// A watch asks anew when it takes over a changed configuration. Threads are never given back: there are never more of them.
final class CopyThreads: Sendable {
    private let reactors: Mutex<[Reactor]>
    private let most: Int

    /// To be made on a reactor, which is the first of the threads. `most` is for tests; by default what encryption is worth.
    init(most: Int = min(max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), 4)) {
        self.most = most
        reactors = Mutex([Reactor.required()])
    }

    /// All that there are, after those were begun that encryption is worth where some server `usesTLS`.
    func all(usesTLS: Bool) -> [Reactor] {
        reactors.withLock { reactors in
            while usesTLS, reactors.count < most { reactors.append(Reactor(name: "reactor-\(reactors.count)")) }
            return reactors
        }
    }
}
