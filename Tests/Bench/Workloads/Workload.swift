/// Work that can be repeated: each round does the same to the same material.
protocol Workload {
    /// Items in a round.
    var items: Int { get }
    /// Does one round, and says how many items came out as they must.
    func round() -> Int
}
