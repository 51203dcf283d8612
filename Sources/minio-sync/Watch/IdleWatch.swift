/// Sees when a watch has had nothing to do for some looks in a row, after it had.
struct IdleWatch {
    private var lastCount: Int?
    private var quietLooks = 0
    private static let patience = 2

    /// To be called every few seconds with a count of what was done; true once in each quiet time.
    mutating func mustGiveBack(_ count: Int) -> Bool {
        quietLooks = count == lastCount ? quietLooks + 1 : 0
        lastCount = count
        return quietLooks == Self.patience
    }
}
