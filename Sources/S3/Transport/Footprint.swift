import Reactor
import Runtime

/// Stands for an owner of what reactors keep on its behalf (a signer, handles that are set up), and has them forget it when the
/// owner is released: whatever a watch has reloaded, its threads keep things for the clients of today only.
///
/// What a reactor keeps is touched by its thread alone, and an owner may be released on any: it leaves word with each
/// reactor where it has something. A number stands for the owner, not its address: a later owner at the same address would
/// otherwise be given handles that were set up for the certificates of the one before.
final class Footprint: Sendable {
    typealias ID = UInt64

    private struct Trace {
        weak var reactor: Reactor?
    }

    private static let lastID = Mutex<ID>(0)

    /// Never given to another footprint of this process.
    let id: ID
    private let traces = Mutex<[Trace]>([])

    init() {
        id = Self.lastID.withLock { lastID in
            lastID += 1
            return lastID
        }
    }

    deinit {
        let traces = traces.withLock { $0 }
        for trace in traces {
            trace.reactor?.post { [id] in Reactor.required().transfers.forget(id) }
        }
    }

    /// To be called by whoever begins to keep something under `id` on the thread of `reactor`.
    func note(_ reactor: Reactor) {
        traces.withLock { traces in
            if !traces.contains(where: { $0.reactor === reactor }) { traces.append(Trace(reactor: reactor)) }
        }
    }
}
