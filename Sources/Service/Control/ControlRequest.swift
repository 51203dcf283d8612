import FoundationEssentials
import Runtime

/// What is asked of a running watch, such as `reconcile`. On the socket it is one line of JSON:
/// `{"command":"reconcile","mirrors":["apks"]}`.
public struct ControlRequest: Sendable, Hashable {
    public var command: String
    /// The mirrors that are meant; none means all.
    public var mirrors: [String]

    public init(command: String, mirrors: [String] = []) {
        self.command = command
        self.mirrors = mirrors
    }

    /// The longest line that is taken, its end included: room for the names of some thousand mirrors.
    static let largestLine = 64 << 10

    /// With its line break.
    var line: [UInt8] {
        var json = JSONText()
        json.set("command", command)
        json.set("mirrors", mirrors)
        return Array(json.object.utf8) + [0x0A]
    }

    private struct Line: Decodable {
        var command: String
        var mirrors: [String]?
    }

    /// From a line without its break; nil for anything but such an object. Fields that are not known are passed over, so
    /// that a newer client may ask an older watch.
    init?(line: some Collection<UInt8>) {
        guard let request = try? JSONDecoder().decode(Line.self, from: Data(line)), !request.command.isEmpty else {
            return nil
        }
        self.init(command: request.command, mirrors: request.mirrors ?? [])
    }
}
