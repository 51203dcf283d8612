/// Why a server cannot be started.
public struct SandboxFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
