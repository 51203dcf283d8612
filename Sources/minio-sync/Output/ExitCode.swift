import MirrorEngine

/// What the process ends with.
enum ExitCode: Int32 {
    /// Done and proven.
    case done = 0
    /// Objects failed, differ or stay unproven.
    case failed = 1
    /// Usage or configuration.
    case usage = 2
    /// A server can't be reached or refuses us.
    case serverGone = 3
    /// A deletion guard tripped.
    case guarded = 4
    /// Interrupted, state saved.
    case interrupted = 130

    init(_ summary: MirrorSummary) {
        switch summary.status {
        case .ok: self = .done
        case .guarded: self = .guarded
        case .interrupted: self = .interrupted
        case .failed: self = summary.isServerGone ? .serverGone : .failed
        }
    }
}

enum Version {
    static let text = "0.1.0"
}

/// Something that ends a command before its work begins, as one sentence with an exit code.
struct CommandError: Error {
    let message: String
    let code: ExitCode

    init(_ message: String, _ code: ExitCode = .usage) {
        self.message = message
        self.code = code
    }
}
