extension Command {
    /// What `--help` prints, in lines of at most 100 characters.
    var helpText: String {
        var lines = ["minio-sync \(name): \(summary)", "", "Usage:"]
        lines += forms.map { form in "  minio-sync \(name) [flags]\(form.isEmpty ? "" : " \(form)")" }
        for paragraph in details { lines += [""] + HelpText.wrap(paragraph, width: HelpText.width) }
        let help = Group(title: "Help", flags: [.toggle("help", short: "h", "Show this text") { _, _ in }])
        let shown = groups + [help]
        let widest = shown.flatMap(\.flags).map { HelpText.names($0).count }.filter { $0 <= 30 }.max() ?? 0
        for group in shown {
            lines += ["", "\(group.title):"]
            for flag in group.flags { lines += HelpText.row(HelpText.names(flag), flag.help, column: widest + 4) }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Help laid out for a terminal.
enum HelpText {
    static let width = 100

    /// `-q, --quiet` or `    --retry N`.
    static func names<Options>(_ flag: Flag<Options>) -> String {
        let short = flag.short.map { "-\($0), " } ?? "    "
        if case .value(let placeholder, _) = flag.kind { return "\(short)--\(flag.name) \(placeholder)" }
        return "\(short)--\(flag.name)"
    }

    /// A name and its explanation from `column` on, on the next line where the name is too long.
    static func row(_ name: String, _ text: String, column: Int) -> [String] {
        let indent = String(repeating: " ", count: column)
        var lines = wrap(text, width: width - column).map { indent + $0 }
        if name.count + 4 <= column, let first = lines.first {
            lines[0] = "  " + name + String(repeating: " ", count: column - 2 - name.count) + first.dropFirst(column)
        } else {
            lines.insert("  " + name, at: 0)
        }
        return lines
    }

    static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
