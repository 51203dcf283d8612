/// Sends events as they come, and keep-alives between them, until the client leaves.
final class ListeningDelivery: Delivery {
    private let subscription: Subscription
    private let service: Service
    private let client: Int32
    /// Seconds; nil for the keep-alive of older servers, a space every half second.
    private let ping: Int?
    private var waiting: [UInt8] = []

    init(_ subscription: Subscription, ping: Int?, service: Service, client: Int32) {
        self.subscription = subscription
        self.ping = ping
        self.service = service
        self.client = client
    }

    deinit {
        service.store.notifications.end(subscription)
    }

    /// Blocks until there is something to send. False where the client left or the server ends.
    ///
    /// MinIO sends nothing before the first event or keep-alive, headers included, so this is called before the answer
    /// is begun.
    func fill() -> Bool {
        while waiting.isEmpty {
            let interval = ping.map { $0 * 1000 } ?? 500
            switch service.stop.wait(client: client, other: subscription.descriptor, milliseconds: interval) {
            case .ready: waiting = subscription.take()
            case .timeout: waiting = Array((ping == nil ? " " : "{\"Records\":null}\n").utf8)
            case .clientGone, .stopped: return false
            }
        }
        return true
    }

    func next(at position: Int64, capacity: Int) -> DeliveryStep {
        guard fill() else { return .broken }
        let piece = Array(waiting.prefix(capacity))
        waiting.removeFirst(piece.count)
        return .bytes(piece)
    }
}
