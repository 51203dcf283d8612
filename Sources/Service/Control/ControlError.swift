import Glibc
import Runtime

/// Why a running watch cannot be reached, or cannot be reachable. Prints as one sentence: what failed, why, what to try.
public struct ControlError: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// There is no socket, or the process that made it is dead.
        case notRunning
        /// Another process answers at this socket.
        case servedByAnother
        /// Something else has the socket's name.
        case notASocket
        /// The system refused; its words.
        case inaccessible(String)
        /// No whole answer came in this time.
        case timedOut(Duration)
        /// The connection ended before a whole answer.
        case ended
        /// The answer exceeds what is read.
        case answerTooLong
    }

    /// The socket's file.
    public let path: String
    public let reason: Reason

    public init(path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

extension ControlError: CustomStringConvertible {
    public var description: String {
        let text =
            switch reason {
            case .notRunning:
                "No watch runs with \(place): nothing answers at \(path); start one with \(ProgramWords.watch.spelled), or "
                    + "name the file that the running one was given with \(stateFile)."
            case .servedByAnother:
                "A watch with \(place) cannot begin: another process answers at \(path) already; end that one first, "
                    + "or choose another file with \(stateFile)."
            case .notASocket:
                "The control socket \(path) cannot be made: a file that is no socket has that name; move it away or "
                    + "choose another place with \(stateFile)."
            case .inaccessible(let words):
                "The control socket \(path) cannot be used: \(words); run as root or as the user of the watch, and "
                    + "see to it that this user may write in its folder."
            case .timedOut(let time):
                "The watch at \(path) did not answer within \(time.components.seconds) s: it is overloaded or stuck; "
                    + "look at its log and try again."
            case .ended:
                "The watch at \(path) ended the connection without an answer: it is ending or refuses this user; try "
                    + "again, as root or as the user of the watch."
            case .answerTooLong:
                "The answer of the watch at \(path) cannot be read: it is too long; ask for fewer mirrors by name."
            }
        // Paths from outside may hold anything; a sentence stays a line.
        let scalars = text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "\u{FFFD}" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    private var stateFile: String { ProgramWords.stateFile.spelled }

    /// The state file that the socket stands beside.
    private var place: String {
        path.hasSuffix(".sock") ? "the state file \(path.dropLast(5))" : "the control socket \(path)"
    }
}
