import MirrorEngine
import Runtime
import Service

/// Tells systemd how the mirrors do: ready, status, and signs of life that only a working engine gives.
struct ServiceReport {
    private let notifier: ServiceNotifier?
    private(set) var isReady = false
    private var lastStatus = ""
    private var lastStatusAt: Int64 = 0
    private var lastFed: Int64 = 0
    /// For each mirror, what it had done and when that last grew.
    private var progress: [String: (count: Int, at: Int64)] = [:]

    /// A mirror that neither waits nor does anything for so long counts as stuck: longer than any time-out of a request.
    private static let stuckAfter: Int64 = 90_000_000_000

    init(_ notifier: ServiceNotifier?) {
        self.notifier = notifier
    }

    /// To be called about twice a second.
    mutating func look(at mirrors: [WatchedMirror]) {
        guard let notifier else { return }
        let now = Machine.time.now()
        let standings = mirrors.map(\.standings)
        if !isReady, zip(mirrors, standings).allSatisfy({ Self.hasBegun($0, $1) }) {
            isReady = true
            notifier.ready()
        }
        if now - lastStatusAt > 2_000_000_000 {
            let status = Self.status(standings.flatMap(\.self).map(\.status))
            if status != lastStatus { notifier.status(status) }
            (lastStatus, lastStatusAt) = (status, now)
        }
        guard let interval = notifier.watchdogInterval else { return }
        var isAlive = true
        for mirror in mirrors where !isWorking(mirror, now) { isAlive = false }
        if isAlive, now - lastFed > interval.nanoseconds / 4 {
            lastFed = now
            notifier.watchdog()
        }
    }

    /// Whether a mirror's changes are heard of and its first comparison has begun; one whose server is away is waited for
    /// without holding up the others.
    private static func hasBegun(_ mirror: WatchedMirror, _ standings: [WatchedMirror.Standing]) -> Bool {
        if mirror.failure != nil { return true }
        return !standings.isEmpty
            && standings.allSatisfy { standing in
                let status = standing.status
                return status.feed == .lost || status.feed != .connecting && status.hasBegunReconcile
            }
    }

    private static func status(_ all: [WatchStatus]) -> String {
        let lag = all.compactMap(\.lag).max() ?? .zero
        let pending = all.reduce(0) { $0 + $1.pending }
        let troubled = all.filter { $0.word != "listening" && $0.word != "polling" && $0.word != "reconciling" }
        var text = "\(all.count) mirrored, \(Decimals.format(lag.inSeconds, 1)) s behind, \(pending) pending"
        let failing = all.reduce(0) { $0 + $1.retrying }
        if failing > 0 { text += ", \(failing) retrying" }
        if let first = troubled.first { text += "; \(troubled.count) in trouble (\(first.word))" }
        return text
    }

    private mutating func isWorking(_ mirror: WatchedMirror, _ now: Int64) -> Bool {
        let (count, isWaiting) = mirror.progress
        if isWaiting || progress[mirror.name]?.count != count { progress[mirror.name] = (count, now) }
        return now - (progress[mirror.name]?.at ?? now) < Self.stuckAfter
    }
}
