public import ObjectModel
public import Runtime

/// The machine's own clocks. Who sleeps by it runs on a reactor.
public struct SystemTime: Time {
    public init() {}

    public func now() -> Int64 { MonotonicClock.nanoseconds() }

    public func wall() -> Timestamp { WallClock.now() }

    public func sleep(until deadline: Int64) async { await Reactor.sleep(until: deadline) }
}

extension Chance {
    /// One that nobody foretells.
    public static func arbitrary() -> Chance { Chance(seed: .random(in: .min ... .max)) }
}

extension Surroundings {
    /// The machine's clocks, chance that nobody foretells, a thread for each actor that blocks.
    public static let system = Surroundings(
        time: SystemTime(), chance: .arbitrary(), blocking: { ThreadExecutor(name: $0) },
        giveBackMemory: { Memory.giveBack() })
}
