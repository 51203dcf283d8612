/// Whether the servers answer, as far as jobs and reconciles tell. Pure; times are monotonic nanoseconds.
struct ServerHealth: Sendable {
    /// Time without an ended job, while some are in flight, after which the servers are asked whether they live.
    private static let stuckAfter: Int64 = 3_000_000_000

    var breaker = Breaker()
    /// Why work rests until a server answers; nil if it does not.
    var gone: String?
    /// Whether the target's bucket is known to be there.
    var isTargetReady = false
    var lateWrites = LateWrites()
    private var wasWorking = false
    private var lastProgress = Int64.min
    private var lastAsked = Int64.min

    /// A job or a reconcile ended.
    mutating func progressed(now: Int64) { lastProgress = now }

    /// Whether to ask both for a sign of life: something is under way and nothing ends. An answer to a newer request
    /// shows that older ones wait on connections that are dead.
    mutating func isStuck(isWorking: Bool, now: Int64) -> Bool {
        // There was nothing to make progress with.
        if !isWorking || !wasWorking { lastProgress = now }
        wasWorking = isWorking
        guard isWorking, now - max(lastProgress, lastAsked) > Self.stuckAfter else { return false }
        lastAsked = now
        return true
    }
}
