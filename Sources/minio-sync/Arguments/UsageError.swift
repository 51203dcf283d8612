/// A command line that cannot be meant, as one sentence: what is wrong and what to write instead.
struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// How the process ends.
    static let exitCode: Int32 = 2

    let description: String

    init(_ description: String) {
        self.description = description
    }
}
