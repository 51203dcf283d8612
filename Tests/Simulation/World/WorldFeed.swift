import ObjectModel
import Runtime
import Stores

/// A server's stream of changes, as one process hears it.
// @unchecked: confined to the one thread that runs its world.
final class WorldFeed: ChangeStream, @unchecked Sendable {
    private let store: WorldStore

    init(_ store: WorldStore) {
        self.store = store
    }

    /// One stream that is up.
    final class Subscription {
        private let store: WorldStore
        private let onChanges: ([KeyChange]) -> Void
        private var isSilent = false
        private var isOver = false
        private var observer: (() -> Void)?

        init(_ store: WorldStore, _ onChanges: @escaping ([KeyChange]) -> Void) {
            self.store = store
            self.onChanges = onChanges
        }

        /// The stream ends.
        func end() {
            isOver = true
            observer?()
        }

        /// Nobody listens any more.
        func close() {
            isOver = true
            observer = nil
        }

        func onEnd(_ observer: @escaping () -> Void) {
            self.observer = observer
            if isOver { observer() }
        }

        func tell(_ key: ObjectKey, _ version: Version?) {
            guard !isSilent, !isOver else { return }
            let (weather, world) = (store.weather, store.world)
            if weather.strikes(.feedBroken, &world.dice) { return end() }
            if weather.strikes(.feedSilent, &world.dice) {
                isSilent = true
                return
            }
            if weather.strikes(.eventLost, &world.dice) { return }
            let change = KeyChange(
                kind: version == nil ? .removed : .created, bucket: "bucket", keys: [key],
                size: version.map { Int64($0.bytes.count) }, etag: version?.etag, time: store.server.clock)
            send(change)
            if weather.strikes(.eventDoubled, &world.dice) { send(change) }
        }

        private func send(_ change: KeyChange) {
            let world = store.world
            var delay = store.server.traits.distance + world.dice.within(0...store.server.traits.distance)
            if store.weather.strikes(.eventLate, &world.dice) {
                delay += world.dice.spread(10_000_000, 300_000_000_000)
            }
            world.after(delay) { [self] in
                if !isOver { onChanges([change]) }
            }
        }
    }

    func listen(
        onLive: @escaping @Sendable () -> Void, onChanges: @escaping @Sendable ([KeyChange]) -> Void
    ) async throws(StoreError) -> Never {
        let request = WorldStore.Request(operation: "ListenNotification", verb: .listen)
        let store = store
        guard store.server.traits.hasFeed else { throw store.error(.notImplemented, request, status: 501) }
        if store.weather.strikes(.feedRefused, &store.world.dice) { throw store.error(.refused, request, status: 403) }
        let subscription = Subscription(store, onChanges)
        try await store.ask(request) { server, _ -> Result<Void, StoreError> in
            guard server.hasBucket else { return .failure(store.missingBucket(request)) }
            server.subscriptions.append(subscription)
            return .success(())
        }
        defer {
            subscription.close()
            store.server.subscriptions.removeAll { $0 === subscription }
        }
        onLive()
        let _: Void? = await store.process.wait { promise in
            subscription.onEnd { promise.keep(()) }
        }
        throw store.error(Task.isCancelled || store.process.isDead ? .cancelled : .interrupted, request, status: 0)
    }
}
