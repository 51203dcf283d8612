import Runtime

/// The program's own words in what rooms say, for tests that compare whole texts.
public enum Spelling {
    /// Has them be spelled as the program does, for the whole process. Harmless when repeated.
    public static func use() { _ = isUsed }

    private static let isUsed: Bool = {
        ProgramWords.use([
            .stateFile: "--state FILE", .mirrorOnce: "minio-sync mirror --once", .remove: "--remove",
            .compareBytes: "--compare=bytes", .compareContent: "--compare=content", .checkMetadata: "--check-metadata",
            .resolve: "--resolve", .expectedVersions: "--expect", .jsonReport: "--format json",
            .filters: "--include, --exclude and the other filters",
        ])
        return true
    }()
}
