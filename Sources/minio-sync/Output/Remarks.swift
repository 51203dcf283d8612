/// Where goes what is said beside a command's result: plain lines of a command, log lines of a watch.
struct Remarks: Sendable {
    /// Takes one sentence that a person should know.
    let warn: @Sendable (String) -> Void
    /// Takes a line about one request, with `--debug`.
    let request: @Sendable (String) -> Void

    init(warn: @escaping @Sendable (String) -> Void, request: @escaping @Sendable (String) -> Void) {
        self.warn = warn
        self.request = request
    }

    init(_ console: Console) {
        self.init(warn: { console.warn("minio-sync: warning: \($0)") }, request: { console.warn("debug: \($0)") })
    }
}
