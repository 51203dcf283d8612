import Runtime

/// What to try when a name is not known.
enum Advice {
    /// "did you mean x" where a name is close, otherwise the names there are.
    static func names(_ known: [String], for wrong: String, plural: String) -> String {
        if let near = Spelling.nearest(to: wrong, among: known) { return "did you mean \"\(near)\"" }
        if known.isEmpty { return "define \(plural) first" }
        return "the \(plural) are " + Set(known).sorted().prefix(20).joined(separator: ", ")
    }
}
