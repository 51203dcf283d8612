import Configuration
import Testing

extension Environment {
    /// Variables and files of a test's own; a file of the text "unreadable" refuses to be read.
    static func test(
        _ variables: [String: String] = [:], files: [String: String] = [:], permissions: UInt32 = 0o600
    ) -> Environment {
        Environment(variables: variables) { path throws(Environment.Unreadable) in
            guard let text = files[path] else { return nil }
            if text == "unreadable" { throw Environment.Unreadable("Permission denied") }
            return Environment.File(text, permissions: permissions)
        }
    }
}

/// The keys of the AWS documentation.
enum Example {
    static let access = "AKIAIOSFODNN7EXAMPLE"
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
}

/// Whether `text` is one sentence without a line break.
func isOneSentence(_ text: String) -> Bool {
    text.hasSuffix(".") && !text.dropLast().contains(". ") && !text.contains("\n")
}
