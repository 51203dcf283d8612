/// How the program calls what a person can do about it: flags and commands. Rooms name them by type and know no spelling; the
/// program gives its own once, when it starts.
public enum ProgramWords: String, Sendable, CaseIterable {
    case deletionLimit = "the limit of deletions"
    case allowEmptySource = "that an empty source is meant"
    case resumeDeletions = "that deletions go on"
    case pollEvents = "polling is asked for"

    private static let given = Mutex<[ProgramWords: String]>([:])

    /// Has these be spelled so from now on.
    public static func use(_ words: [ProgramWords: String]) {
        given.withLock { $0 = words }
    }

    /// As the program spells it; in plain words where it has not said.
    public var spelled: String { Self.given.withLock { $0[self] } ?? rawValue }
}
