/// What a room is given in the place of the process's own clocks, chance, threads and memory.
///
/// The program gives the machine's (`Surroundings.system` in `Reactor`), the simulator those of a world of its own.
public struct Surroundings: Sendable {
    public var time: any Time
    public var chance: Chance
    /// Makes the executor of an actor whose work blocks (SQLite, files). Where it is a `ThreadExecutor`, the actor ends it.
    public var blocking: @Sendable (_ name: String) -> any SerialExecutor
    /// Gives memory back to the system that is not in use at present; see `Memory.giveBack`.
    public var giveBackMemory: @Sendable () -> Void

    public init(
        time: any Time, chance: Chance, blocking: @escaping @Sendable (_ name: String) -> any SerialExecutor,
        giveBackMemory: @escaping @Sendable () -> Void
    ) {
        self.time = time
        self.chance = chance
        self.blocking = blocking
        self.giveBackMemory = giveBackMemory
    }
}
