/// How far an audit is, for a display that looks at it now and then.
public struct AuditProgress: Hashable, Sendable {
    /// Keys compared by the listings so far.
    public var listed = 0
    /// Whether the listings are read to their ends, so that `toExamine` is known.
    public var isListed = false
    /// Keys that need a closer look, and those that had it.
    public var toExamine = 0
    public var examined = 0
    public var bytesRead: Int64 = 0

    public init() {}
}
