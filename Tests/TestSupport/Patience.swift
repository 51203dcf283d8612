public import Testing

/// A condition that a test waited for did not come about; the issue says which.
public struct WaitedInVain: Error {}

/// How tests wait for what happens in other tasks and threads.
public enum Patience {
    /// Far more than anything takes that works, also under a sanitizer on a machine with much else to do.
    public static let limit = Duration.seconds(180)

    /// Waits until `isDone`, and records an issue where that takes longer than `limit`. Looks are seldom enough to leave
    /// most of the time to what is waited for.
    public static func until(
        _ what: @autoclosure () -> String, within limit: Duration = limit, _ isDone: () throws -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let began = ContinuousClock.now
            if try isDone() { return }
            guard began < deadline else {
                Issue.record("Waited in vain: \(what())", sourceLocation: sourceLocation)
                throw WaitedInVain()
            }
            try await Task.sleep(for: max(.milliseconds(3), (ContinuousClock.now - began) * 10))
        }
    }
}
