/// How the program calls what a person can do about it: flags and commands. Rooms name them by type and know no spelling; the
/// program gives its own once, when it starts.
public enum ProgramWords: String, Sendable, CaseIterable {
    case deletionLimit = "the limit of deletions"
    case allowEmptySource = "that an empty source is meant"
    case resumeDeletions = "that deletions go on"
    case pollEvents = "polling is asked for"
    case stateFile = "the option for the state file"
    case noState = "the option for no state"
    case configurationFile = "the option for the configuration"
    case watch = "a watch"
    case mirrorOnce = "mirror once"
    case remove = "with deletions"
    case compareBytes = "comparing bytes"
    case compareContent = "comparing content"
    case checkMetadata = "comparing headers"
    case resolve = "reading the bytes"
    case expectedVersions = "the expected versions"
    case filters = "the filters"
    case jsonReport = "the format JSON"

    private static let given = Mutex<[ProgramWords: String]>([:])

    /// Has these be spelled so from now on.
    public static func use(_ words: [ProgramWords: String]) {
        given.withLock { $0 = words }
    }

    /// As the program spells it; in plain words where it has not said.
    public var spelled: String { Self.given.withLock { $0[self] } ?? rawValue }
}
