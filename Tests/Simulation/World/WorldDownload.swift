import ObjectModel
import Reactor
import Runtime
import Stores

/// A read whose bytes come into a ring in a few pieces, or stop coming.
final class WorldDownload: ObjectDownload {
    let info: ObjectInfo
    private(set) var isEnded = false
    private var isComplete = false
    private let store: WorldStore
    private let key: ObjectKey
    private var rest: ArraySlice<UInt8>
    private var ring: ByteRing?
    private var observers: [(Bool) -> Void] = []
    private var timer: Timer?
    /// Bytes after which it breaks off.
    private var breaksAfter: Int?
    private var stalls = false

    init(_ store: WorldStore, _ key: ObjectKey, _ info: ObjectInfo, _ bytes: [UInt8], _ ring: ByteRing) {
        self.store = store
        self.key = key
        self.info = info
        self.ring = ring
        rest = bytes[...]
        let world = store.world
        if !bytes.isEmpty {
            if store.weather.strikes(.truncated, &world.dice) { breaksAfter = world.dice.below(bytes.count) }
            if store.weather.strikes(.stalled, &world.dice) {
                breaksAfter = world.dice.below(bytes.count)
                stalls = true
            }
        }
        if bytes.isEmpty { end(true) } else { timer = world.after(world.dice.within(0...200_000)) { self.bring() } }
    }

    private func bring() {
        guard let ring else { return }
        let world = store.world
        var count = world.dice.isLucky(0.7) ? rest.count : 1 + world.dice.below(rest.count)
        if let breaksAfter { count = min(count, breaksAfter) }
        let piece = Array(rest.prefix(count))
        let isTaken = unsafe piece.withUnsafeBytes { unsafe ring.put($0) }
        if isTaken {
            rest = rest.dropFirst(count)
            breaksAfter = breaksAfter.map { $0 - count }
        }
        if rest.isEmpty { return end(true) }
        if breaksAfter == 0 {
            guard stalls else { return end(false) }
            timer = world.after(WorldStore.patience) { self.end(false) }
            return
        }
        timer = world.after(world.dice.within(1...2_000_000)) { self.bring() }
    }

    private func end(_ isComplete: Bool) {
        guard !isEnded else { return }
        isEnded = true
        self.isComplete = isComplete
        timer = nil
        let observers = observers
        self.observers = []
        for observer in observers { observer(isComplete) }
    }

    func awaitEnd() async throws(StoreError) {
        if !isEnded {
            let _: Bool? = await store.process.wait { promise in observers.append { promise.keep($0) } }
        }
        guard !isEnded || !isComplete else { return }
        let kind: StoreError.Kind = isEnded ? (stalls ? .timedOut : .interrupted) : .cancelled
        throw store.error(kind, WorldStore.Request(operation: "GetObject", verb: .get, key: key), status: 0)
    }

    func whenEnded(_ observer: @escaping (_ isComplete: Bool) -> Void) {
        guard !isEnded else { return }
        observers.append(observer)
    }

    func close() {
        timer?.cancel()
        timer = nil
        ring = nil
        // Who closes it hears of nothing more.
        observers = []
        isEnded = true
    }
}
