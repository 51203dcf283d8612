import ObjectModel
import Runtime

/// The clocks of one process: the world's, and one on the wall that is wrong, drifts and is set.
// @unchecked: confined to the one thread that runs its world.
final class WorldTime: Time, @unchecked Sendable {
    private let world: World
    unowned var process: Process?
    /// Milliseconds that the wall clock is ahead of the world's.
    var offset: Int64
    /// Milliseconds that it gains in an hour.
    var drift: Int64 = 0

    /// 2026-11-21 at the world's beginning.
    static let epoch: Int64 = 1_795_219_200_000

    init(_ world: World, offset: Int64) {
        self.world = world
        self.offset = offset
    }

    func now() -> Int64 { world.now }

    func wall() -> Timestamp {
        let elapsed = (world.now - World.beginning) / 1_000_000
        return Timestamp(milliseconds: Self.epoch + elapsed + offset + elapsed * drift / 3_600_000)
    }

    func sleep(until deadline: Int64) async {
        guard let process else { return }
        var timer: Timer?
        let _: Void? = await process.wait { promise in timer = world.at(deadline) { promise.keep(()) } }
        timer?.cancel()
    }
}
