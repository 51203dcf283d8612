import Journal

/// A new state file as the product makes it, made once: else a tenth of a round's time would go into the same tables.
enum FreshState {
    /// Makes the file where there is none.
    static func make(_ path: String) {
        if !StateFiles.exists(path) { StateFiles.write(path, bytes) }
    }

    private static let bytes: [UInt8] = {
        let path = "\(StateFiles.folder)/fresh.db"
        defer { StateFiles.remove(path) }
        let world = World(seed: 0)
        let process = Process(world, id: 0)
        let body: @Sendable () async -> Void = {
            let journal = try? await Journal.open(path: path, executor: process.queue)
            await journal?.close()
        }
        Task(executorPreference: process, operation: body)
        world.run(until: .max)
        guard let bytes = StateFiles.read(path) else { preconditionFailure("\(path) can't be made.") }
        return bytes
    }()
}
